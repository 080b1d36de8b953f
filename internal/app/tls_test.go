package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// makeCertificate writes cert.pem and key.pem for 127.0.0.1 into dir.
func makeCertificate(t *testing.T, dir string, serial int64, written time.Time) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "orders.nordlys.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: raw},
	} {
		path := write(t, dir, name, pem.EncodeToMemory(block))
		if err := os.Chtimes(path, written, written); err != nil {
			t.Fatal(err)
		}
	}
	return cert
}

func TestTLS(t *testing.T) { eachStore(t, testTLS) }

func testTLS(t *testing.T, at newPlace) {
	p := at(t)
	dir := p.dir
	makeCertificate(t, dir, 1, time.Now().Add(-time.Minute))
	h := startHub(t, p, shop("")+"tls: {cert: cert.pem, key: key.pem}\n")
	if !strings.HasPrefix(h.URL(), "https://") {
		t.Fatal(h.URL())
	}
	// A client without kept connections sees each handshake's certificate.
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}}
	ask := func() (serial int64, proto string) {
		resp, err := client.Get(h.URL() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.TLS.PeerCertificates[0].SerialNumber.Int64(), resp.Proto
	}
	if serial, proto := ask(); serial != 1 || proto != "HTTP/2.0" {
		t.Errorf("certificate %d by %s", serial, proto)
	}
	// Half replaced: the old one is used on.
	makeCertificate(t, dir, 2, time.Now())
	whole, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "key.pem", []byte("half of a key"))
	eventually(t, "the broken pair is passed over", func() bool {
		if serial, _ := ask(); serial != 1 {
			t.Fatal("a broken pair is used")
		}
		return strings.Contains(h.logs.String(), "can not be used yet")
	})
	write(t, dir, "key.pem", whole)
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(filepath.Join(dir, "key.pem"), later, later); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new certificate", func() bool { serial, _ := ask(); return serial == 2 })
}
