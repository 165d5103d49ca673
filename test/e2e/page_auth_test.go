//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// selfSigned writes a certificate for this machine and its key.
func selfSigned(t *testing.T, dir string) (crt, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "page"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	crt, key = filepath.Join(dir, "page.crt"), filepath.Join(dir, "page.key")
	require.NoError(t, os.WriteFile(crt, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600))
	return crt, key
}

// A page that other machines can reach has TLS and a login; people log in by a form and
// out by a button, and the commands by a file with the token.
func TestPageForOtherMachines(t *testing.T) {
	out, err := exec.Command(binary, "validate", "--set", "extensions::console::endpoint=0.0.0.0:4320").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "set tls (cert_file and key_file) and auth (token_file or users_file), or use 127.0.0.1:4320")

	browser := chromium(t)
	a := newAgent(t)
	dir := t.TempDir()
	crt, key := selfSigned(t, dir)
	token := filepath.Join(dir, "token")
	const secret = "correct-horse-battery-staple"
	require.NoError(t, os.WriteFile(token, []byte(secret+"\n"), 0o600))
	a.set = append(a.set, fmt.Sprintf("extensions::console::endpoint=0.0.0.0:%d", a.console),
		"extensions::console::tls::cert_file="+crt, "extensions::console::tls::key_file="+key, "extensions::console::auth::token_file="+token)
	a.start()
	address := fmt.Sprintf("https://127.0.0.1:%d/", a.console)

	b := openTab(t, browser, address+"#/logs")
	b.see("the form", `location.pathname === "/login" && document.getElementById("token")?.checkVisibility()`)
	b.run(chromedp.SendKeys(chromedp.CSS("#token"), "hunter2"))
	b.click("#form button")
	b.see("that it was wrong", `document.querySelector("[role=alert]:not([hidden])")?.textContent.includes("not the token")`)
	b.run(chromedp.SendKeys(chromedp.CSS("#token"), secret))
	b.click("#form button")
	b.see("the view that was asked for", `location.pathname === "/" && location.hash.startsWith("#/logs") && document.body.dataset.ready === location.hash`)
	require.Empty(t, b.eval(`document.cookie`), "no script can read the session")
	b.click("#logout")
	b.see("the form again", `location.pathname === "/login" && document.getElementById("token")?.checkVisibility()`)
	b.run(chromedp.Navigate(address))
	b.see("nothing without it", `location.pathname === "/login" && document.getElementById("token")?.checkVisibility()`)
	b.clean()

	command := func(args ...string) (string, error) {
		out, err := exec.Command(binary, append(args, "--console-url", address, "--ca-file", crt)...).CombinedOutput()
		return string(out), err
	}
	said, err := command("services")
	require.Error(t, err)
	require.Contains(t, said, "asks for a login: give --token-file")
	said, err = command("services", "--token-file", token)
	require.NoError(t, err, said)
	require.NotContains(t, a.logText(), secret)
	require.NoError(t, a.stop())
}
