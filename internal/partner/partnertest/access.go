package partnertest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

// testKey is nobody's secret.
var testKey, _ = secret.ParseKey(secret.New("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"))

func sealer() *secret.Sealer {
	s, err := secret.NewSealer(testKey)
	if err != nil {
		panic(err)
	}
	return s
}

// access issues tokens as a hub does.
type access struct{ h *Hub }

// Issue answers as partner.Access says.
func (a access) Issue(g partner.Grant, use, data string, ttl time.Duration) secret.Text {
	return secret.NewTokens(testKey).Issue(secret.Claim{
		Audience: use, Shop: g.Shop, Credential: g.Of + "/" + g.Name, Data: data, Expires: a.h.now().Add(ttl),
	})
}

// Check answers as partner.Access says.
func (a access) Check(_ context.Context, use, token string) (partner.Grant, string, error) {
	c, err := secret.NewTokens(testKey).Check(token, use, a.h.now())
	if err != nil && err != secret.ErrExpired {
		return partner.Grant{}, "", err
	}
	of, name, _ := strings.Cut(c.Credential, "/")
	i := slices.IndexFunc(a.h.named, func(g partner.Grant) bool { return g.Of == of && g.Name == name })
	a.h.mu.Lock()
	defer a.h.mu.Unlock()
	if i < 0 || a.h.revoked[name] {
		return partner.Grant{}, "", secret.ErrToken
	}
	return a.h.named[i], c.Data, err
}
