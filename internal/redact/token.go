package redact

import "strings"

// prefix is that of tokens which an issuer gives: what follows is at least min bytes of a
// set. Each ends with a byte that is rare in text; when it is met, the bytes before it are
// compared.
type prefix struct {
	text  string
	class Class
	min   int
	set   uint8
	mixed bool // a digit and a letter must be in what follows: the prefix is a word as well
}

// Forms as the issuers document them. Their lengths are taken as the least, since they
// have grown before.
var prefixes = [...]prefix{
	{"ghp_", GitHubToken, 30, alnum, false},
	{"gho_", GitHubToken, 30, alnum, false},
	{"ghu_", GitHubToken, 30, alnum, false},
	{"ghs_", GitHubToken, 30, alnum, false},
	{"ghr_", GitHubToken, 30, alnum, false},
	{"github_pat_", GitHubToken, 40, alnum | bitURLSafe, false},
	{"glpat-", GitLabToken, 20, wordLike, false},
	{"gldt-", GitLabToken, 20, wordLike, false},
	{"glrt-", GitLabToken, 20, wordLike, false},
	{"glcbt-", GitLabToken, 20, wordLike, false},
	{"glptt-", GitLabToken, 20, wordLike, false},
	{"glft-", GitLabToken, 20, wordLike, false},
	{"gloas-", GitLabToken, 20, wordLike, false},
	{"glagent-", GitLabToken, 20, wordLike, false},
	{"xoxa-", SlackToken, 10, wordLike, true},
	{"xoxb-", SlackToken, 10, wordLike, true},
	{"xoxe-", SlackToken, 10, wordLike, true},
	{"xoxe.", SlackToken, 10, wordLike, true},
	{"xoxo-", SlackToken, 10, wordLike, true},
	{"xoxp-", SlackToken, 10, wordLike, true},
	{"xoxr-", SlackToken, 10, wordLike, true},
	{"xoxs-", SlackToken, 10, wordLike, true},
	{"xapp-", SlackToken, 10, wordLike, true},
	{"sk_live_", StripeKey, 16, alnum, false},
	{"sk_test_", StripeKey, 16, alnum, false},
	{"rk_live_", StripeKey, 16, alnum, false},
	{"rk_test_", StripeKey, 16, alnum, false},
	{"whsec_", StripeKey, 16, alnum | bitBase64, false},
	{"ya29.", GoogleKey, 20, wordLike, false},
	{"GOCSPX-", GoogleKey, 20, wordLike, false},
	{"npm_", VendorToken, 36, alnum, true},
	{"pypi-", VendorToken, 50, wordLike, true},
	{"SG.", VendorToken, 20, wordLike, true},
	{"dop_v1_", VendorToken, 60, bitHex, true},
	{"doo_v1_", VendorToken, 60, bitHex, true},
	{"hf_", VendorToken, 30, alnum, true},
	{"sk-", VendorToken, 32, wordLike, true},
	{"hvs.", VendorToken, 24, wordLike, true},
	{"hvb.", VendorToken, 24, wordLike, true},
	{"shpat_", VendorToken, 32, bitHex, true},
	{"shpss_", VendorToken, 32, bitHex, true},
	{"shpca_", VendorToken, 32, bitHex, true},
	{"glsa_", VendorToken, 32, alnum | bitURLSafe, true},
	{"glc_", VendorToken, 32, alnum | bitBase64, true},
	{"dckr_pat_", VendorToken, 20, wordLike, true},
	{"PMAK-", VendorToken, 40, wordLike, true},
	{"sq0atp-", VendorToken, 20, wordLike, false},
	{"sq0csp-", VendorToken, 20, wordLike, false},
	{"tskey-", VendorToken, 20, wordLike, true},
	{"lin_api_", VendorToken, 32, alnum, true},
	{"xai-", VendorToken, 60, alnum, true},
	{"NRAK-", VendorToken, 24, alnum, false},
}

// byEnd finds the prefixes by their last two bytes' hash, so that text with many dashes
// costs one look each.
var byEnd = prefixesByEnd()

func prefixesByEnd() (t [256][]prefix) {
	for _, p := range prefixes {
		h := endHash(p.text[len(p.text)-2], p.text[len(p.text)-1])
		t[h] = append(t[h], p)
	}
	return t
}

func endHash(a, b byte) byte { return a*31 + b }

// issued finds tokens with a known prefix, whose last byte is at i, and Azure's client
// secrets.
func issued(s string, i int) (Span, bool) {
	if i == 0 {
		return Span{}, false
	}
	switch s[i] {
	case '~':
		return azureSecret(s, i)
	case '.':
		if s[i-1] == 's' && strings.HasSuffix(s[:i], "hooks") {
			return slackHook(s, i)
		}
	}
	list := byEnd[endHash(s[i-1], s[i])]
	for j := range list {
		p := &list[j]
		if i < 2 || s[i-2] != p.text[len(p.text)-3] || !strings.HasSuffix(s[:i+1], p.text) {
			continue
		}
		start, end := i+1-len(p.text), run(s, i+1, p.set)
		if p.text == "SG." && end < len(s) && s[end] == '.' {
			end = run(s, end+1, p.set)
		}
		body := s[i+1 : end]
		if len(body) >= p.min && begins(s, start) && (!p.mixed || mixed(body)) {
			return Span{start, end, p.class}, true
		}
	}
	return Span{}, false
}

// mixed reports whether there are both digits and letters.
func mixed(s string) bool {
	var seen uint8
	for i := range len(s) {
		seen |= kind[s[i]]
	}
	return seen&bitDigit != 0 && seen&letters != 0
}

// azureSecret finds client secrets: three bytes, a digit, Q~ and 31 to 34 bytes.
func azureSecret(s string, i int) (Span, bool) {
	start := i - 5
	if start < 0 || s[i-1] != 'Q' || kind[s[i-2]]&bitDigit == 0 || !begins(s, start) {
		return Span{}, false
	}
	end := i + 1
	for end < len(s) && (kind[s[end]]&wordLike != 0 || s[end] == '.' || s[end] == '~') {
		end++
	}
	return Span{start, end, AzureKey}, end-i-1 >= 31
}

// slackHook finds the secret part of web hooks: who has it can write to the channel.
func slackHook(s string, i int) (Span, bool) {
	const path = "slack.com/services/"
	if !strings.HasPrefix(s[i+1:], path) {
		return Span{}, false
	}
	start := i + 1 + len(path)
	end := start
	for end < len(s) && (kind[s[end]]&alnum != 0 || s[end] == '/') {
		end++
	}
	return Span{start, end, SlackToken}, end-start >= 20
}

// upper finds AKIA, ASIA (AWS) and AIza (Google), whose I is at i.
func (r *Redactor) upper(s string, i int) (Span, bool) {
	if i >= 2 && i+1 < len(s) && s[i+1] == 'A' && (s[i-1] == 'K' || s[i-1] == 'S') && s[i-2] == 'A' {
		end := run(s, i+2, bitUpper|bitDigit)
		return Span{i - 2, end, AWSKey}, end-i-2 == 16 && begins(s, i-2) && (end == len(s) || kind[s[end]]&wordLike == 0)
	}
	if i >= 1 && s[i-1] == 'A' && strings.HasPrefix(s[i+1:], "za") {
		end := run(s, i+3, wordLike)
		return Span{i - 1, end, GoogleKey}, end-i-3 >= 35 && begins(s, i-1)
	}
	return Span{}, false
}

// jwt finds eyJ, whose J is at i, and three parts or more with dots between them; the
// last may be empty.
func jwt(s string, i int) (Span, bool) {
	if i < 2 || s[i-1] != 'y' || s[i-2] != 'e' || !begins(s, i-2) {
		return Span{}, false
	}
	end, parts := run(s, i+1, wordLike), 1
	for end < len(s) && s[end] == '.' && parts < 5 {
		next := run(s, end+1, wordLike)
		if next-end-1 < 8 && parts == 1 {
			break
		}
		end, parts = next, parts+1
	}
	return Span{i - 2, end, JWT}, parts >= 3
}

const endKey = "-----END "

// privateKey finds a PEM block of a private key that begins at i. Without its end, all
// that follows is taken to belong to it.
func privateKey(s string, i int) (Span, bool) {
	head := s[i:min(len(s), i+64)]
	if !strings.Contains(head, "PRIVATE KEY-----") && !strings.Contains(head, "PRIVATE KEY BLOCK-----") {
		return Span{}, false
	}
	end := len(s)
	if at := strings.Index(s[i:], endKey); at >= 0 {
		end = afterEnd(s, i+at)
	}
	return Span{i, end, PrivateKey}, true
}

// afterEnd returns where the line of an end mark at i ends.
func afterEnd(s string, i int) int {
	i += len(endKey)
	if at := strings.Index(s[i:min(len(s), i+64)], "-----"); at >= 0 {
		return i + at + 5
	}
	return len(s)
}

// keyEnd says how much of a line belongs to a private key that began in an earlier one,
// and whether the key goes on. A line that cannot be of a key ends it.
func keyEnd(s string) (end int, open bool) {
	if i := strings.Index(s, endKey); i >= 0 {
		return afterEnd(s, i), false
	}
	for i := range len(s) {
		if kind[s[i]]&(alnum|bitBase64|bitSpace) == 0 && !strings.HasPrefix(s, "Proc-Type:") && !strings.HasPrefix(s, "DEK-Info:") {
			return 0, false
		}
	}
	return len(s), len(s) <= 80
}
