package trustpilot

import "github.com/ordermux/ordermux/internal/json"

// The bodies of the API as they stand on the wire, of requests and of answers,
// for both sides (README.md has the sources). A member that is null is as good
// as left out; what no page knows is kept in Unknown.

// wireInvitation is the body of email-invitations: one customer, one order.
type wireInvitation struct {
	ConsumerEmail   string       `json:"consumerEmail"`
	ConsumerName    string       `json:"consumerName,omitzero"`
	ReferenceNumber loose        `json:"referenceNumber,omitzero"`
	Locale          string       `json:"locale,omitzero"`
	LocationID      string       `json:"locationId,omitzero"`
	SenderName      string       `json:"senderName,omitzero"`
	SenderEmail     string       `json:"senderEmail,omitzero"`
	ReplyTo         string       `json:"replyTo,omitzero"`
	Type            string       `json:"type,omitzero"` // "email"
	Service         *wireService `json:"serviceReviewInvitation,omitzero"`
	Product         *wireProduct `json:"productReviewInvitation,omitzero"`
	Unknown         json.Value   `json:",embed"`
}

// wireService is the invitation to review the shop.
type wireService struct {
	TemplateID  string     `json:"templateId,omitzero"`        // 24 hex digits
	SendTime    string     `json:"preferredSendTime,omitzero"` // UTC; see readSendTime
	RedirectURI string     `json:"redirectUri,omitzero"`
	Tags        []string   `json:"tags,omitzero"`
	Unknown     json.Value `json:",embed"`
}

// wireProduct is the invitation to review products; it has no tags.
type wireProduct struct {
	TemplateID  string     `json:"templateId,omitzero"`
	SendTime    string     `json:"preferredSendTime,omitzero"`
	RedirectURI string     `json:"redirectUri,omitzero"`
	Products    []wireItem `json:"products,omitzero"`    // either these
	SKUs        []string   `json:"productSkus,omitzero"` // or these, of the uploaded catalogue
	Unknown     json.Value `json:",embed"`
}

// wireItem is a product in an invitation.
type wireItem struct {
	SKU              string     `json:"sku,omitzero"`
	Name             string     `json:"name,omitzero"`
	ProductURL       string     `json:"productUrl,omitzero"`
	ImageURL         string     `json:"imageUrl,omitzero"`
	Brand            string     `json:"brand,omitzero"`
	MPN              string     `json:"mpn,omitzero"`
	GTIN             string     `json:"gtin,omitzero"`
	GoogleCategoryID string     `json:"productCategoryGoogleId,omitzero"`
	Unknown          json.Value `json:",embed"`
}

// wireLink asks for an invitation link about the shop.
type wireLink struct {
	ReferenceID loose      `json:"referenceId,omitzero"`
	Email       string     `json:"email"`
	Name        string     `json:"name,omitzero"`
	Locale      string     `json:"locale,omitzero"`
	LocationID  string     `json:"locationId,omitzero"`
	Tags        []string   `json:"tags,omitzero"`
	RedirectURI string     `json:"redirectUri,omitzero"`
	Unknown     json.Value `json:",embed"`
}

// wireLinkMade answers it.
type wireLinkMade struct {
	ID  string `json:"id"` // 32 hex digits
	URL string `json:"url"`
}

// wireProductLink asks for an invitation link about products.
type wireProductLink struct {
	Consumer    *wireConsumer `json:"consumer,omitzero"`
	ReferenceID loose         `json:"referenceId,omitzero"`
	Locale      string        `json:"locale,omitzero"`
	RedirectURI string        `json:"redirectUri,omitzero"`
	Products    []wireItem    `json:"products,omitzero"`   // either these
	ProductIDs  []string      `json:"productIds,omitzero"` // or these, of the uploaded catalogue
	Unknown     json.Value    `json:",embed"`
}

type wireConsumer struct {
	Email string `json:"email"`
	Name  string `json:"name,omitzero"`
}

// wireProductLinkMade answers it.
type wireProductLinkMade struct {
	ReviewLinkID string `json:"reviewLinkId"`
	ReviewURL    string `json:"reviewUrl"`
}

// wireTemplates lists the templates of a business unit.
type wireTemplates struct {
	Templates []wireTemplate `json:"templates"`
}

type wireTemplate struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Default bool   `json:"isDefaultTemplate"`
	Locale  string `json:"locale,omitzero"`
	Type    string `json:"type"`
}

// wireDelete asks to delete invitation data: exactly one of the two.
type wireDelete struct {
	CustomerEmails  []string `json:"customerEmails,omitzero"`
	DeleteOlderThan string   `json:"deleteOlderThan,omitzero"`
}

// wireToken answers the token calls. All its numbers are strings.
type wireToken struct {
	RefreshToken          string `json:"refresh_token,omitzero"` // none for client_credentials
	RefreshTokenIssuedAt  string `json:"refresh_token_issued_at,omitzero"`
	RefreshTokenExpiresIn string `json:"refresh_token_expires_in,omitzero"`
	RefreshTokenStatus    string `json:"refresh_token_status,omitzero"`
	TokenType             string `json:"token_type"`
	IssuedAt              string `json:"issued_at"`  // Unix time, in seconds or milliseconds
	ExpiresIn             string `json:"expires_in"` // seconds
	AccessToken           string `json:"access_token"`
	AppEnduser            string `json:"app_enduser,omitzero"` // password grant: the user's id
	ClientID              string `json:"client_id,omitzero"`   // password grant: the API key
}

// wireUnit is a business unit.
type wireUnit struct {
	Links       []wireHref      `json:"links"`
	ID          string          `json:"id"` // 24 hex digits
	DisplayName string          `json:"displayName"`
	Name        wireUnitName    `json:"name"`
	WebsiteURL  string          `json:"websiteUrl"`
	Country     string          `json:"country"` // ISO 3166-1 alpha-2
	Reviews     wireReviewCount `json:"numberOfReviews"`
	Status      string          `json:"status"` // "active"
	Score       wireScore       `json:"score"`
	BadFit      bool            `json:"badFit"`
}

type wireHref struct {
	Href   string `json:"href"`
	Method string `json:"method"`
	Rel    string `json:"rel"`
}

type wireUnitName struct {
	Identifying string   `json:"identifying"`
	Referring   []string `json:"referring"`
}

type wireReviewCount struct {
	Total      int64 `json:"total"`
	Used       int64 `json:"usedForTrustScoreCalculation"`
	OneStar    int64 `json:"oneStar"`
	TwoStars   int64 `json:"twoStars"`
	ThreeStars int64 `json:"threeStars"`
	FourStars  int64 `json:"fourStars"`
	FiveStars  int64 `json:"fiveStars"`
}

type wireScore struct {
	TrustScore float64 `json:"trustScore"`
	Stars      float64 `json:"stars"` // in steps of 0.5
}

// wireLegacy is the body of the call that email-invitations took the place of.
type wireLegacy struct {
	RecipientEmail string     `json:"recipientEmail"`
	RecipientName  string     `json:"recipientName,omitzero"`
	ReferenceID    loose      `json:"referenceId,omitzero"`
	Locale         string     `json:"locale,omitzero"`
	SenderEmail    string     `json:"senderEmail,omitzero"`
	SenderName     string     `json:"senderName,omitzero"`
	ReplyTo        string     `json:"replyTo,omitzero"`
	TemplateID     string     `json:"templateId,omitzero"`
	SendTime       string     `json:"preferredSendTime,omitzero"`
	RedirectURI    string     `json:"redirectUri,omitzero"`
	Tags           []string   `json:"tags,omitzero"`
	Unknown        json.Value `json:",embed"`
}

// wireLegacyMade is an invitation as the old calls answer it.
type wireLegacyMade struct {
	ID             string    `json:"id"` // 24 hex digits
	BusinessUnitID string    `json:"businessUnitId"`
	BusinessUserID string    `json:"businessUserId"`
	Recipient      wireParty `json:"recipient"`
	Sender         wireParty `json:"sender"`
	ReferenceID    string    `json:"referenceId"`
	TemplateID     *string   `json:"templateId"`
	Locale         string    `json:"locale"`
	ReplyTo        *string   `json:"replyTo"`
	RedirectURI    *string   `json:"redirectUri"`
	CreatedTime    string    `json:"createdTime"`
	SendTime       *string   `json:"preferredSendTime"`
	SentTime       *string   `json:"sentTime"`
	Tags           []string  `json:"tags"`
	Status         string    `json:"status"`
	Source         string    `json:"source"`
	// The two that only reading has.
	InvitationType  string `json:"invitationType,omitzero"`
	IncludesProduct *bool  `json:"includesProductReviewInvitations,omitzero"`
}

type wireParty struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

// wireCatalogue is an upload of products, and with LastPage an answer.
type wireCatalogue struct {
	Products []wireArticle `json:"products"`
	SameSKU  bool          `json:"skuSameAsGoogleMerchantCenterProductId,omitzero"`
	LastPage *bool         `json:"isLastPage,omitzero"`
}

// wireArticle is a product of the catalogue; its names differ from wireItem's.
type wireArticle struct {
	ID               string         `json:"id,omitzero"`
	SKU              string         `json:"sku"`
	Title            string         `json:"title,omitzero"`
	Link             string         `json:"link,omitzero"`
	ImageLink        string         `json:"imageLink,omitzero"`
	Price            string         `json:"price,omitzero"`
	Currency         string         `json:"currency,omitzero"`
	GTIN             string         `json:"gtin,omitzero"`
	MPN              string         `json:"mpn,omitzero"`
	Brand            string         `json:"brand,omitzero"`
	Description      string         `json:"description,omitzero"`
	GoogleCategoryID string         `json:"productCategoryGoogleId,omitzero"`
	GroupID          string         `json:"groupId,omitzero"`
	MerchantID       string         `json:"googleMerchantCenterProductId,omitzero"`
	Variation        *wireVariation `json:"variationAttributes,omitzero"`
}

type wireVariation struct {
	Color    string `json:"color,omitzero"`
	Pattern  string `json:"pattern,omitzero"`
	Material string `json:"material,omitzero"`
	AgeGroup string `json:"ageGroup,omitzero"`
	Gender   string `json:"gender,omitzero"`
	Size     string `json:"size,omitzero"`
}

// loose is a text that clients of some languages send as a number, where a
// shop's own numbers are nothing but digits. (our choice: no page has it)
type loose string

// UnmarshalJSONFrom takes a string, or a number as it is written.
func (t *loose) UnmarshalJSONFrom(d *json.Decoder) error {
	if d.PeekKind() != '0' {
		return json.UnmarshalDecode(d, (*string)(t))
	}
	number, err := d.ReadValue()
	*t = loose(number)
	return err
}
