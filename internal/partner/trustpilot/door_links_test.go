package trustpilot

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"
)

// TestLinkWithoutPublicURL: a link can be mailed as it is answered, whether or
// not the hub was told its own address.
func TestLinkWithoutPublicURL(t *testing.T) {
	t.Parallel()
	const path = "/review/nordljus/abc"
	for _, c := range []struct {
		name, made, proto string
		tls               bool
		want              string
	}{
		{name: "told", made: "https://hub.example" + path, want: "https://hub.example" + path},
		{name: "not told", made: path, want: "http://localhost:8080" + path},
		{name: "not told, TLS", made: path, tls: true, want: "https://localhost:8080" + path},
		{name: "not told, TLS before it", made: path, proto: "https", want: "https://localhost:8080" + path},
		{name: "odd proto", made: path, proto: "javascript", want: "http://localhost:8080" + path},
	} {
		r := httptest.NewRequest("POST", "http://localhost:8080/trustpilot/v1/x", nil)
		r.Header.Set("X-Forwarded-Proto", c.proto)
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := whole(r, c.made); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
