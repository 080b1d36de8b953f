package sink

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"time"
)

// Mail is a mail as it was taken.
type Mail struct {
	From string    // of the envelope
	To   []string  // of the envelope
	Data []byte    // head and body as they came
	At   time.Time // when
}

// Opened is a mail that was read.
type Opened struct {
	Header  netmail.Header
	Subject string
	Text    string // with plain line ends
	HTML    string // "": none
}

// Open reads a mail: subject and parts decoded.
func (m Mail) Open() (Opened, error) {
	msg, err := netmail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return Opened{}, fmt.Errorf("read mail: %w", err)
	}
	o := Opened{Header: msg.Header}
	if o.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return o, fmt.Errorf("read mail: %w", err)
	}
	err = o.body(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
	return o, err
}

// body reads a part, or the parts in it.
func (o *Opened) body(kind, encoding string, r io.Reader) error {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	if strings.HasPrefix(media, "multipart/") {
		return o.parts(multipart.NewReader(r, params["boundary"]))
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		r = quotedprintable.NewReader(r)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read mail: %w", err)
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	if media == "text/html" {
		o.HTML = text
	} else {
		o.Text = text
	}
	return nil
}

func (o *Opened) parts(r *multipart.Reader) error {
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read mail: %w", err)
		}
		if err := o.body(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
			return err
		}
	}
}
