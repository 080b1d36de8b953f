package review

// Settings are how a shop invites. Zero fields say nothing: what is set while
// the hub runs stands before what is configured, and that before the defaults.
type Settings struct {
	SenderName    string            `json:"sender_name,omitzero"`
	SenderEmail   string            `json:"sender_email,omitzero"` // used as From only if its domain is one of Senders, else as Reply-To
	ReplyTo       string            `json:"reply_to,omitzero"`
	Senders       []string          `json:"senders,omitzero"`   // domains that the shop may send from
	Ask           []string          `json:"ask,omitzero"`       // what is asked where an order says nothing: "shop", "products"
	Templates     map[string]string `json:"templates,omitzero"` // template id by "shop/sv" (kind and locale), "shop" for all others
	Delay         *int              `json:"delay,omitzero"`     // days
	DelayProducts *int              `json:"delay_products,omitzero"`
	Hour          string            `json:"hour,omitzero"` // "09:00", in the shop's zone
	Redirect      string            `json:"redirect,omitzero"`
	Frequency     *int              `json:"frequency,omitzero"` // days between two invitations to one customer; 0: any
	Reminder      *int              `json:"reminder,omitzero"`  // days after which one reminder goes; 0: none
	Again         *int              `json:"again,omitzero"`     // days after which who had not received the order is asked again; default 15
	Language      string            `json:"language,omitzero"`  // where the order says none; default "en"
	Public        *bool             `json:"public,omitzero"`    // whether /review/{shop}/reviews.json answers
	Notify        []string          `json:"notify,omitzero"`    // told when a customer says that the order has not arrived
}
