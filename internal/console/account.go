package console

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/ordermux/ordermux/internal/console/text"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/user"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

func (c *Console) accountPlaces() []place {
	return []place{{at: "GET /account", do: c.account}, {at: "POST /account/{act}", do: c.changeAccount}}
}

// accountPage is what somebody may change of himself.
type accountPage struct {
	Min   int
	Error string // a key
	Text  string
}

func (c *Console) account(v *visit) error { return v.showAccount(http.StatusOK, accountPage{}) }

func (v *visit) showAccount(status int, p accountPage) error {
	p.Min = user.MinPassword
	return v.show(status, "account", "account.title", p)
}

func (c *Console) changeAccount(v *visit) error {
	switch v.PathValue("act") {
	case "language":
		language := v.PostFormValue("language")
		if language != "" && !slices.Contains(text.Languages, language) {
			return v.fail(http.StatusUnprocessableEntity, "error.notfound")
		}
		if err := c.Users.SetLanguage(v.Context(), v.user.Name, language); err != nil {
			return err
		}
		return v.to("/account")
	case "password":
		return v.changePassword()
	}
	return v.fail(http.StatusNotFound, "error.notfound")
}

func (v *visit) changePassword() error {
	leave, ok := v.enter()
	if !ok {
		return v.showAccount(http.StatusTooManyRequests, accountPage{Error: "sign.busy"})
	}
	defer leave()
	err := v.c.Users.ChangePassword(v.Context(), v.user.Name, v.PostFormValue("old"), v.PostFormValue("new"))
	var bad *order.Invalid
	switch {
	case errors.Is(err, user.ErrWrong):
		v.linger()
		return v.showAccount(http.StatusUnprocessableEntity, accountPage{Error: "sign.wrong"})
	case errors.Is(err, order.ErrBusy):
		return v.showAccount(http.StatusServiceUnavailable, accountPage{Error: "sign.busy"})
	case errors.As(err, &bad):
		return v.showAccount(http.StatusUnprocessableEntity, accountPage{Text: bad.Faults[0].Reason})
	case err != nil:
		return err
	}
	v.setCookie("", -1)
	return v.to("/sign-in")
}
