package idosell

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// The parameters of getOrdersStatus by which an order is asked for.
const (
	byID       = "ordersIds"
	bySerial   = "ordersSerialNumbers"
	byExternal = "ordersExternalIds"
)

// noticeNames are the names under which a notice's words come, without case,
// blanks, _ and -. No vendor page says how notices look (section 9 of the
// sheet): whatever has one of these names is taken.
var noticeNames = map[string]string{
	"orderid": byID, "ordersid": byID, "ordersids": byID,
	"orderserialnumber": bySerial, "ordersn": bySerial, "ordersserialnumbers": bySerial,
	"orderexternalid": byExternal, "externalid": byExternal, "externalorderid": byExternal, "ordersexternalids": byExternal,
	"deliverypackagenumber": noticeParcel, "packagenumber": noticeParcel, "trackingnumber": noticeParcel,
	"deliveryshippingnumber": noticeParcel, "consignment": noticeParcel, "parcelnumber": noticeParcel,
}

const noticeParcel = "parcel"

// notice is what was found in a notice: texts by what they are.
type notice map[string][]string

const (
	mostNoticeWords = 100 // of one kind
	mostNoticeDepth = 32
)

// readNotice finds the words of a notice in its address and its body, which
// may be JSON, XML or a form. It never fails: what it can not read, it does not
// find.
func readNotice(query url.Values, body []byte) notice {
	n := notice{}
	n.form(query)
	text := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0:
	case text[0] == '{' || text[0] == '[':
		if json.Valid(text) {
			n.json("", text, mostNoticeDepth)
		}
	case text[0] == '<':
		_ = n.xml(text)
	default:
		if values, err := url.ParseQuery(string(text)); err == nil {
			n.form(values)
		}
	}
	return n
}

// put takes a word if its name is one that counts.
func (n notice) put(name, value string) {
	name = strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(name))
	what, ok := noticeNames[name]
	value = strings.TrimSpace(value)
	if !ok || !plainID(value) || len(n[what]) >= mostNoticeWords || slices.Contains(n[what], value) {
		return
	}
	if what == bySerial {
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return
		}
		value = strings.TrimLeft(value, "+0")
	}
	if value != "" && len(value) <= order.MaxID {
		n[what] = append(n[what], value)
	}
}

// form takes fields, also "packages[0][deliveryPackageNumber]".
func (n notice) form(values url.Values) {
	for name, list := range values {
		if i := strings.LastIndexByte(strings.TrimRight(name, "]"), '['); i >= 0 {
			name = strings.TrimRight(name[i+1:], "]")
		}
		for _, v := range list {
			n.put(name, v)
		}
	}
}

// json takes the members of objects, however deep.
func (n notice) json(name string, v json.Value, depth int) {
	if depth == 0 {
		return
	}
	switch v.Kind() {
	case '{':
		_ = json.Members(v, func(name string, v json.Value) error {
			n.json(name, v, depth-1)
			return nil
		})
	case '[':
		_ = json.Elements(v, func(_ int, v json.Value) error {
			n.json(name, v, depth-1)
			return nil
		})
	case '"':
		var s string
		if json.Unmarshal(v, &s) == nil {
			n.put(name, s)
		}
	case '0':
		n.put(name, string(v))
	}
}

// errXML ends the reading of what no notice holds.
var errXML = errors.New("XML with a document type, or too deep")

// xml takes the texts of elements and their attributes. A document type ends
// the reading: nothing of it is resolved.
func (n notice) xml(text []byte) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	var path []string
	var chars strings.Builder
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if path = append(path, t.Name.Local); len(path) > mostNoticeDepth {
				return errXML
			}
			for _, a := range t.Attr {
				n.put(a.Name.Local, a.Value)
			}
			chars.Reset()
		case xml.CharData:
			chars.Write(t)
		case xml.EndElement:
			if len(path) == 0 {
				return errXML
			}
			n.put(nameOfXML(path), chars.String())
			path = path[:len(path)-1]
			chars.Reset()
		case xml.Directive:
			return errXML
		}
	}
}

// nameOfXML is the name of an element; of the items of a list, the list's.
func nameOfXML(path []string) string {
	for i := len(path) - 1; i > 0; i-- {
		if path[i] != "item" {
			return path[i]
		}
	}
	return path[0]
}

// hints are what is asked for: each order once, by the number that is surest.
// Parcels belong to an order only if it is the only one.
func (n notice) hints() []hint {
	for _, by := range []string{byID, byExternal, bySerial} {
		values := n[by]
		if len(values) == 0 {
			continue
		}
		hints := make([]hint, len(values))
		for i, v := range values {
			hints[i] = hint{By: by, Value: v}
		}
		if len(hints) == 1 {
			hints[0].Parcels = n[noticeParcel]
		}
		return hints
	}
	return nil
}
