// Package listentest issues the certificates that tests of servers need.
package listentest

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
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority issues certificates for 127.0.0.1, of servers and of clients, into a
// directory of the test.
type Authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes an authority whose own certificate is File("ca.crt").
func New(t *testing.T) *Authority {
	a := &Authority{t: t, dir: t.TempDir()}
	a.issue("ca", true)
	return a
}

// File is the path of a file in the directory.
func (a *Authority) File(name string) string { return filepath.Join(a.dir, name) }

// Write puts a secret into a file of the directory and returns its path.
func (a *Authority) Write(name, text string) string {
	a.t.Helper()
	require.NoError(a.t, os.WriteFile(a.File(name), []byte(text), 0o600))
	return a.File(name)
}

// Issue writes name.crt and name.key, in the place of those that are there.
func (a *Authority) Issue(name string) { a.issue(name, false) }

func (a *Authority) issue(name string, ca bool) {
	a.t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: ca, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ca {
		a.cert, a.key = template, private
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	require.NoError(a.t, err)
	secret, err := x509.MarshalECPrivateKey(private)
	require.NoError(a.t, err)
	a.Write(name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	a.Write(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})))
}

// Config trusts the authority, and shows a certificate of the client's if name is not
// empty.
func (a *Authority) Config(name string) *tls.Config {
	a.t.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	c.RootCAs.AddCert(a.parse("ca"))
	if name != "" {
		a.Issue(name)
		pair, err := tls.LoadX509KeyPair(a.File(name+".crt"), a.File(name+".key"))
		require.NoError(a.t, err)
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

func (a *Authority) parse(name string) *x509.Certificate {
	text, err := os.ReadFile(a.File(name + ".crt"))
	require.NoError(a.t, err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(a.t, err)
	return cert
}

// Client is one of Config; each of its requests is a connection of its own.
func (a *Authority) Client(name string) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: a.Config(name), DisableKeepAlives: true, ForceAttemptHTTP2: true}}
}
