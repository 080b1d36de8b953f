package trustpilot

import (
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/order"
)

// typeEmail is the only type of invitation that any page shows.
const typeEmail = "email"

// demands are the switches of a door about what it takes.
type demands struct {
	Incomplete bool // names, references and what is said of products may be missing
	LooseTags  bool // any tag is taken
	LooseURIs  bool // any redirectUri is taken
	Locales    bool // locales that are not on the list are refused
}

// checker collects what is wrong, one sentence per field.
type checker struct {
	demands
	sentences []string
}

// maxSentences bounds an answer.
const maxSentences = 20

// say adds a sentence about a property, which stands in quotes as the API has
// it: 'Consumer Email' is not in the correct format.
func (c *checker) say(path, what string) {
	if len(c.sentences) < maxSentences {
		c.sentences = append(c.sentences, sentence(path, what))
	}
}

func (c *checker) verdict() error {
	if len(c.sentences) == 0 {
		return nil
	}
	return malformed(strings.Join(c.sentences, " "))
}

// The ends of sentences.
const (
	isEmpty     = "must not be empty."
	wrongFormat = "is not in the correct format."
)

// invitation checks the body of email-invitations.
func (c *checker) invitation(w *wireInvitation) error {
	c.email("consumerEmail", w.ConsumerEmail, true)
	c.line("consumerName", w.ConsumerName, !c.Incomplete)
	c.line("referenceNumber", string(w.ReferenceNumber), !c.Incomplete)
	c.locale(w.Locale)
	c.line("locationId", w.LocationID, false)
	c.sender(w.SenderName, w.SenderEmail, w.ReplyTo)
	if w.Type != "" && !strings.EqualFold(w.Type, typeEmail) {
		c.say("type", "must be 'email'.")
	}
	if s := w.Service; s != nil {
		c.sendTime("serviceReviewInvitation.preferredSendTime", s.SendTime)
		c.redirect("serviceReviewInvitation.redirectUri", s.RedirectURI)
		c.tags("serviceReviewInvitation.tags", s.Tags)
	}
	if p := w.Product; p != nil {
		c.product(p)
		c.sequence(w)
	}
	return c.verdict()
}

func (c *checker) product(p *wireProduct) {
	const at = "productReviewInvitation."
	c.sendTime(at+"preferredSendTime", p.SendTime)
	c.redirect(at+"redirectUri", p.RedirectURI)
	switch {
	case len(p.Products) > 0 && len(p.SKUs) > 0:
		c.say(at+"products", "must be empty if 'Product Skus' is given.")
	case len(p.Products) == 0 && len(p.SKUs) == 0:
		c.say(at+"products", "must not be empty, unless 'Product Skus' is given.")
	}
	c.items(at+"products", p.Products, true)
	for _, sku := range p.SKUs {
		if sku == "" {
			c.say(at+"productSkus", "must not hold an empty SKU.")
			break
		}
	}
}

// items checks products. An image is not demanded where no mail shows it.
func (c *checker) items(path string, items []wireItem, mailed bool) {
	for i := range items {
		w := &items[i]
		c.line(path+".sku", w.SKU, true)
		c.line(path+".name", w.Name, !c.Incomplete)
		c.address(path+".productUrl", w.ProductURL, !c.Incomplete)
		c.address(path+".imageUrl", w.ImageURL, mailed && !c.Incomplete)
	}
}

// sequence demands that the shop is asked about before its products. Equal
// times are taken: no page says anything of them.
func (c *checker) sequence(w *wireInvitation) {
	if w.Service == nil || w.Service.SendTime == "" || w.Product.SendTime == "" {
		return
	}
	service, ok1 := readSendTime(w.Service.SendTime)
	product, ok2 := readSendTime(w.Product.SendTime)
	if ok1 && ok2 && product.Time().Before(service.Time()) {
		c.say("productReviewInvitation.preferredSendTime", "must be later than that of 'Service Review Invitation'.")
	}
}

// link checks the wish for a link about the shop.
func (c *checker) link(w *wireLink) error {
	c.line("referenceId", string(w.ReferenceID), !c.Incomplete)
	c.email("email", w.Email, true)
	c.line("name", w.Name, !c.Incomplete)
	c.locale(w.Locale)
	c.line("locationId", w.LocationID, false)
	c.tags("tags", w.Tags)
	c.redirect("redirectUri", w.RedirectURI)
	return c.verdict()
}

// productLink checks the wish for a link about products.
func (c *checker) productLink(w *wireProductLink) error {
	consumer := w.Consumer
	if consumer == nil {
		consumer = &wireConsumer{}
	}
	c.email("consumer.email", consumer.Email, true)
	c.line("consumer.name", consumer.Name, !c.Incomplete)
	c.line("referenceId", string(w.ReferenceID), !c.Incomplete)
	c.locale(w.Locale)
	c.redirect("redirectUri", w.RedirectURI)
	switch {
	case len(w.Products) > 0 && len(w.ProductIDs) > 0:
		c.say("products", "must be empty if 'Product Ids' is given.")
	case len(w.Products) == 0 && len(w.ProductIDs) == 0:
		c.say("products", "must not be empty, unless 'Product Ids' is given.")
	}
	c.items("products", w.Products, false)
	return c.verdict()
}

// legacy checks an invitation of the old call under the names it has there. A
// name was needed, a reference was not.
func (c *checker) legacy(w *wireLegacy) error {
	c.email("recipientEmail", w.RecipientEmail, true)
	c.line("recipientName", w.RecipientName, !c.Incomplete)
	c.line("referenceId", string(w.ReferenceID), false)
	c.locale(w.Locale)
	c.sender(w.SenderName, w.SenderEmail, w.ReplyTo)
	c.sendTime("preferredSendTime", w.SendTime)
	c.redirect("redirectUri", w.RedirectURI)
	c.tags("tags", w.Tags)
	return c.verdict()
}

func (c *checker) sender(name, email, replyTo string) {
	c.line("senderName", name, false)
	c.email("senderEmail", email, false)
	c.email("replyTo", replyTo, false)
}

func (c *checker) email(path, text string, required bool) {
	switch {
	case text == "" && required:
		c.say(path, isEmpty)
	case text != "" && !isEmail(text):
		c.say(path, wrongFormat)
	}
}

// line checks a text of one line: some of them come to stand in the head of a
// mail.
func (c *checker) line(path, text string, required bool) {
	switch {
	case strings.TrimSpace(text) == "":
		if required {
			c.say(path, isEmpty)
		}
	case strings.ContainsAny(text, "\r\n"):
		c.say(path, wrongFormat)
	}
}

func (c *checker) sendTime(path, text string) {
	if text == "" {
		return
	}
	if _, ok := readSendTime(text); !ok {
		c.say(path, wrongFormat)
	}
}

func (c *checker) redirect(path, text string) {
	if text != "" && !c.LooseURIs && !absolute(text) {
		c.say(path, "must be an absolute address that begins with http or https.")
	}
}

func (c *checker) address(path, text string, required bool) {
	switch {
	case text == "":
		if required {
			c.say(path, isEmpty)
		}
	case !c.Incomplete && !absolute(text):
		c.say(path, wrongFormat)
	}
}

func (c *checker) tags(path string, tags []string) {
	if c.LooseTags {
		return
	}
	for _, tag := range tags {
		if !isTag(tag) {
			c.say(path, "may only hold letters, digits, hyphens, underscores and full stops.")
			return
		}
	}
}

func (c *checker) locale(text string) {
	if text == "" || !c.Locales {
		return
	}
	if l, ok := readLocale(text); !ok || !slices.Contains(knownLocales, l) {
		c.say("locale", "is not supported.")
	}
}

// isTag reports whether a tag is as the help page wants it.
func isTag(tag string) bool {
	for i := range len(tag) {
		c := tag[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.') {
			return false
		}
	}
	return tag != ""
}

// isEmail reports whether a text can be an e-mail address: something, an @, and
// a name with a point in it, no blanks and no signs of lists.
func isEmail(text string) bool {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > 64 || len(text) > 254 {
		return false
	}
	for _, r := range text[:at] {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`@()<>[]:;,\"`, r) {
			return false
		}
	}
	return text[0] != '.' && text[at-1] != '.' && !strings.Contains(text[:at], "..") && isDomain(text[at+1:])
}

// isDomain reports whether a text is a name of at least two labels.
func isDomain(text string) bool {
	labels := strings.Split(text, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c >= 0x80) {
				return false
			}
		}
	}
	return len(labels) > 1
}

// readLocale reads xx-YY, also written with an underscore or in other letters,
// or a language alone.
func readLocale(text string) (locale string, ok bool) {
	language, region, both := strings.Cut(strings.ReplaceAll(text, "_", "-"), "-")
	language, region = strings.ToLower(language), strings.ToUpper(region)
	if len(language) == 2 && !both && isLocale(language+"-XX") {
		return language, true
	}
	locale = language + "-" + region
	return locale, isLocale(locale)
}

// sentencesOf words complaints about JSON or about an order.
func sentencesOf(faults []order.Fault) string {
	list := make([]string, 0, len(faults))
	for _, f := range faults {
		if path, ok := canonical[f.Path]; ok {
			f.Path = path
		}
		if f.Path == "" {
			list = append(list, "The body can not be read: "+f.Reason+".")
			continue
		}
		list = append(list, sentence(f.Path, predicate(f.Reason)+"."))
	}
	return strings.Join(list, " ")
}

// predicate makes a reason one of a property.
func predicate(reason string) string {
	for _, verb := range []string{"must ", "is ", "may "} {
		if strings.HasPrefix(reason, verb) {
			return reason
		}
	}
	return "is not accepted: " + reason
}

// canonical are the paths of an order that a caller knows by another name.
var canonical = map[string]string{
	"id": "referenceNumber", "customer.email": "consumerEmail", "customer.name": "consumerName",
	"review.location": "locationId", "review.sender_name": "senderName",
	"review.shop.tags": "serviceReviewInvitation.tags", "review.shop.template": "serviceReviewInvitation.templateId",
	"review.products.skus": "productReviewInvitation.productSkus", "lines": "productReviewInvitation.products",
}

// sentence puts a property's name before what is said of it: consumerEmail is 'Consumer
// Email', and what stands in an object names the object too.
func sentence(path, predicate string) string {
	object, name, nested := cutLast(path)
	if !nested {
		return "'" + titled(name) + "' " + predicate
	}
	return "'" + titled(name) + "' of '" + titled(object) + "' " + predicate
}

func cutLast(path string) (before, last string, found bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

// titled splits a name of the wire into words: productSkus is Product Skus.
func titled(name string) string {
	var b strings.Builder
	start := true
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '.':
			b.WriteByte(' ')
			start = true
			continue
		case start && 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		case 'A' <= c && c <= 'Z' && i > 0 && !start:
			b.WriteByte(' ')
		}
		b.WriteByte(c)
		start = false
	}
	return b.String()
}
