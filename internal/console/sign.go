package console

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/user"
)

const cookieName = "ordermux"

func (c *Console) signPlaces() []place {
	return []place{
		{at: "GET /sign-in", do: c.signIn, open: true},
		{at: "POST /sign-in", do: c.doSignIn, open: true},
		{at: "GET /welcome/{token}", do: c.welcome, open: true},
		{at: "POST /welcome/{token}", do: c.doWelcome, open: true},
		{at: "POST /sign-out", do: c.signOut},
	}
}

// session returns who is signed in; nil: nobody.
func (v *visit) session() (*user.Session, error) {
	cookie, err := v.Cookie(cookieName)
	if err != nil {
		return nil, nil
	}
	s, err := v.c.Users.Session(v.Context(), cookie.Value)
	if errors.Is(err, user.ErrSignedOut) {
		return nil, nil
	}
	return &s, err
}

// signInFirst sends the browser to the page where people sign in, from where
// it comes back.
func (v *visit) signInFirst() error {
	if v.Method != http.MethodGet || v.URL.Path == "/" {
		return v.to("/sign-in")
	}
	return v.to("/sign-in?to=" + queryEscape(v.URL.RequestURI()))
}

// signing is the page where people sign in.
type signing struct {
	To    string
	Name  string
	Error string // a key
	None  bool   // there are no users
	Min   int
	First bool
}

func (c *Console) signIn(v *visit) error {
	list, err := c.Users.List(v.Context())
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "sign-in", "sign.title", signing{To: v.URL.Query().Get("to"), None: len(list) == 0})
}

func (c *Console) doSignIn(v *visit) error {
	name, to := v.PostFormValue("name"), v.PostFormValue("to")
	leave, ok := v.enter()
	if !ok {
		return v.show(http.StatusTooManyRequests, "sign-in", "sign.title", signing{To: to, Name: name, Error: "sign.busy"})
	}
	defer leave()
	token, _, err := c.Users.SignIn(v.Context(), name, v.PostFormValue("password"))
	switch {
	case errors.Is(err, user.ErrWrong):
		v.linger()
		return v.show(http.StatusUnauthorized, "sign-in", "sign.title", signing{To: to, Name: name, Error: "sign.wrong"})
	case errors.Is(err, order.ErrBusy):
		return v.show(http.StatusServiceUnavailable, "sign-in", "sign.title", signing{To: to, Name: name, Error: "sign.busy"})
	case err != nil:
		return err
	}
	return v.signedIn(token, local(to))
}

// linger lets whoever guesses wait.
func (v *visit) linger() {
	if v.c.Wrong != nil {
		v.c.Wrong(v.Context())
	}
}

// enter is Options.Enter.
func (v *visit) enter() (leave func(), ok bool) {
	if v.c.Enter == nil {
		return func() {}, true
	}
	return v.c.Enter(v.RemoteAddr)
}

// local is a path of ours; whatever else was asked for is the overview.
func local(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

// signedIn gives the browser its new session and sends it on. The one that it had
// is over.
func (v *visit) signedIn(session secret.Text, to string) error {
	if cookie, err := v.Cookie(cookieName); err == nil {
		if err := v.c.Users.SignOut(v.Context(), cookie.Value); err != nil {
			return err
		}
	}
	v.setCookie(session.Reveal(), int(user.LivesFor/time.Second))
	return v.to(to)
}

func (v *visit) setCookie(value string, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: v.TLS != nil || strings.HasPrefix(v.c.PublicURL(), "https://"),
	})
}

func (c *Console) signOut(v *visit) error {
	if cookie, err := v.Cookie(cookieName); err == nil {
		if err := c.Users.SignOut(v.Context(), cookie.Value); err != nil {
			return err
		}
	}
	v.setCookie("", -1)
	return v.to("/sign-in")
}

// welcome is what a link of an invitation opens.
func (c *Console) welcome(v *visit) error {
	l, err := c.Users.Linked(v.Context(), v.PathValue("token"))
	if errors.Is(err, user.ErrLink) {
		return v.fail(http.StatusGone, "link.over")
	}
	if err != nil {
		return err
	}
	return v.showWelcome(http.StatusOK, signing{Name: l.Name, First: l.First()}, "")
}

func (v *visit) showWelcome(status int, s signing, problem string) error {
	s.Min = user.MinPassword
	return v.show(status, "welcome", "link.first", struct {
		signing
		Problem string
	}{s, problem})
}

func (c *Console) doWelcome(v *visit) error {
	token, name, password := v.PathValue("token"), v.PostFormValue("name"), v.PostFormValue("password")
	u, err := c.Users.Claim(v.Context(), token, name, password)
	var bad *order.Invalid
	switch {
	case errors.Is(err, user.ErrLink):
		return v.fail(http.StatusGone, "link.over")
	case errors.As(err, &bad):
		l, err := c.Users.Linked(v.Context(), token)
		if err != nil {
			return err
		}
		if !l.First() {
			name = l.Name
		}
		return v.showWelcome(http.StatusUnprocessableEntity, signing{Name: name, First: l.First()}, bad.Faults[0].Path+" "+bad.Faults[0].Reason)
	case errors.Is(err, order.ErrBusy):
		return v.fail(http.StatusServiceUnavailable, "sign.busy") // the link still works
	case err != nil:
		return err
	}
	session, _, err := c.Users.SignIn(v.Context(), u.Name, password)
	if errors.Is(err, order.ErrBusy) {
		return v.to("/sign-in")
	}
	if err != nil {
		return err
	}
	return v.signedIn(session, "/")
}
