package lokiexporter_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
)

// certificate is one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (pair tls.Certificate, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	pair, err = tls.X509KeyPair([]byte(cert), []byte(key))
	require.NoError(t, err)
	return pair, cert, key
}

func TestBothSidesShowCertificates(t *testing.T) {
	server, serverPEM, _ := certificate(t)
	_, clientPEM, clientKey := certificate(t)
	clients := x509.NewCertPool()
	require.True(t, clients.AppendCertsFromPEM([]byte(clientPEM)))
	f := &fake{}
	f.Server = httptest.NewUnstartedServer(f)
	f.TLS = &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MinVersion: tls.VersionTLS12}
	f.Config.ErrorLog = nil
	f.StartTLS()
	t.Cleanup(f.Close)

	cfg := direct(f.URL)
	cfg.ClientConfig.TLS.CAPem = configopaque.String(serverPEM)
	cfg.ClientConfig.TLS.CertPem = configopaque.String(clientPEM)
	cfg.ClientConfig.TLS.KeyPem = configopaque.String(clientKey)
	require.NoError(t, start(t, cfg, nil).ConsumeLogs(t.Context(), records(10, noon)))
	requireExactly(t, f, 10)

	cfg = direct(f.URL)
	cfg.ClientConfig.TLS.CAPem = configopaque.String(serverPEM)
	require.Error(t, start(t, cfg, nil).ConsumeLogs(t.Context(), records(10, noon)), "without its own")
	cfg = direct(f.URL)
	require.ErrorContains(t, start(t, cfg, nil).ConsumeLogs(t.Context(), records(10, noon)), "certificate", "a server that nobody vouches for")
}

func TestSecretsFromFilesFollowTheFile(t *testing.T) {
	f := newFake(t)
	f.push = func(_ int, w http.ResponseWriter, r *http.Request, _ []stored) bool {
		if _, password, ok := r.BasicAuth(); r.Header.Get("Authorization") != "Bearer new" && (!ok || password != "new") {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return true
		}
		return false
	}
	path := filepath.Join(t.TempDir(), "secret")
	for _, set := range []func(*lokiexporter.Config){
		func(c *lokiexporter.Config) { c.BearerTokenFile = path },
		func(c *lokiexporter.Config) { c.User, c.PasswordFile = "me", path },
	} {
		cfg := direct(f.URL)
		set(cfg)
		require.NoError(t, os.WriteFile(path, []byte("expired\n"), 0o600))
		e := start(t, cfg, nil)
		require.ErrorContains(t, e.ConsumeLogs(t.Context(), records(2, noon)), "who are you?")
		require.NoError(t, os.WriteFile(path, []byte("new\n"), 0o600))
		require.NoError(t, e.ConsumeLogs(t.Context(), records(2, noon)))
		require.NoError(t, os.Remove(path))
		require.ErrorContains(t, e.ConsumeLogs(t.Context(), records(2, noon)), path)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	cfg := direct("https://loki.example")
	cfg.User, cfg.Password, cfg.BearerToken = "me", "hunter2", "hunter3"
	conf := confmap.New()
	require.NoError(t, conf.Marshal(cfg))
	require.NotContains(t, fmt.Sprint(conf.ToStringMap()), "hunter")
	require.NotContains(t, fmt.Sprintf("%v %+v", cfg, cfg), "hunter")

	refused := direct("http://me:hunter4@127.0.0.1:1")
	require.NotContains(t, start(t, refused, nil).ConsumeLogs(t.Context(), records(2, noon)).Error(), "hunter")
}

func TestTenantsByAttribute(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.TenantID = "everybody"
	cfg.TenantAttribute = "tenant"
	e := start(t, cfg, nil)
	ld := records(40, noon)
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("tenant", "team a/b|c") // with what Loki does not take
	ofRecords := ld.ResourceLogs().At(1).ScopeLogs().At(0).LogRecords()
	for i := range 10 {
		ofRecords.At(i).Attributes().PutStr("tenant", "..")
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	lines := map[string]int{}
	for _, l := range f.all() {
		lines[l.tenant]++
	}
	require.Equal(t, map[string]int{"team_a_b_c": 20, "__": 10, "everybody": 10}, lines)
	require.Equal(t, 3, f.pushes)
}

func TestOneTenantThatIsRefusedDoesNotStopTheOthers(t *testing.T) {
	for _, answer := range []int{http.StatusTooManyRequests, http.StatusForbidden} {
		f := newFake(t)
		f.push = func(_ int, w http.ResponseWriter, r *http.Request, _ []stored) bool {
			if r.Header.Get("X-Scope-OrgID") == "noisy" {
				w.Header().Set("Retry-After", "33")
				http.Error(w, "ingestion rate limit exceeded for user noisy", answer)
				return true
			}
			return false
		}
		cfg := direct(f.URL)
		cfg.TenantAttribute = "tenant"
		ld := records(40, noon)
		ld.ResourceLogs().At(0).Resource().Attributes().PutStr("tenant", "noisy")
		err := start(t, cfg, nil).ConsumeLogs(t.Context(), ld)
		require.ErrorContains(t, err, "Throttle (33s)")
		require.Len(t, f.all(), 20)
	}
}
