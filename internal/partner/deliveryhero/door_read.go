package deliveryhero

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner"
)

// errBusyOutlet: too many change the same outlet at a time.
var errBusyOutlet = fmt.Errorf("outlet status: %w", order.ErrBusy)

// body returns the body of a call whole, unpacked; at most partner.MaxBody
// bytes. Errors: *wrong.
func (a *asked) body() ([]byte, error) {
	var b partner.Body
	body, err := b.Read(a.w, a.Request)
	switch {
	case errors.Is(err, partner.ErrBodyTooLarge):
		return nil, tooLarge("The request body is larger than 10 MB")
	case errors.Is(err, partner.ErrBodyEncoding):
		return nil, &wrong{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_ENCODING", Message: err.Error()}
	case err != nil:
		return nil, badRequest("The request body can not be read: " + err.Error())
	}
	return body, nil
}

// read decodes the body of a call into v; what v has no member for is left out.
// Errors: *wrong.
func (a *asked) read(v any) error {
	body, err := a.body()
	if err != nil {
		return err
	}
	if err := json.UnmarshalInput(body, v); err != nil {
		return badRequest(err.Error())
	}
	return nil
}
