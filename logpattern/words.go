package logpattern

import "strings"

// stateWords say what happened or in which state something is: two messages
// that differ in one of them mean different things. The words are general
// English of operations; forms in -ed and -ing are found by their ending.
var stateWords = wordSet(`
up down on off yes no ok okay okey good bad ko none not enable disable start stop begin end open close success successful
successfully succeed succeeds failure fail fails error errors warning warn fatal critical panic
abort timeout online offline active inactive idle busy available unavailable alive dead healthy
unhealthy ready running paused resume suspend restart reboot shutdown startup connect disconnect
reconnect join leave add remove create delete insert update upgrade downgrade install uninstall load
unload mount umount unmount attach detach bind unbind register unregister deregister lock unlock
acquire release allocate free accept reject deny allow grant revoke permit refuse block unblock
complete incomplete done pending valid invalid normal abnormal high low full empty new old first last
enter exit in out read write reads writes get put post patch head options send
receive sent received recv request response reply input output source destination client server
master slave primary secondary leader follower candidate standby commit rollback push pull
backup restore before after found missing present absent lost win won known unknown supported unsupported
increase decrease grow shrink raise lower lower upper min max hit miss
import export encrypt decrypt compress decompress encode decode pass verify broken
built begun ran run went gone came woke slept shut kept left held hung stuck quit kill die died born halt
enqueue dequeue spawn reap promote demote elect publish subscribe unsubscribe ack nack
throttle drain cordon evict schedule unschedule assign unassign link unlink
degraded recovered
`)

// plainWords have digits and are words all the same.
var plainWords = wordSet(`
ipv4 ipv6 ip4 ip6 md5 sha1 sha256 sha384 sha512 base64 utf8 utf-8 utf16 utf-16 http2 http3 h2 http/1.0 http/1.1 http/2 http/2.0 http/3
http1 ssh1 ssh2 x86 x86_64 amd64 arm64 i386 i686 x64 k8s s3 ec2 oauth2 tls1 x509 rs256 hs256 log4j slf4j log4j2 ext2 ext3 ext4 l2 l3 l4 l7
sqlite3 python3 p2p b2b i18n l10n utf32 int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 win32 win64 gzip2 bzip2
mp3 mp4 3d 2d 2fa mp2 ntlmv2 smbv1 smbv2 smb2 smb3 v4 v6 layer2 layer3 ed25519 rc4 aes128 aes256 3des
`)

const longestPlain = 8

func wordSet(list string) map[string]struct{} {
	set := map[string]struct{}{}
	for w := range strings.FieldsSeq(list) {
		set[w] = struct{}{}
	}
	return set
}

// notVerbs have the ending of a verb form and are none.
var notVerbs = wordSet(`
named sched embed speed feed seed shed red bed led need shared hundred indeed exceed succeed proceed reed weed breed
string ping king ring wing thing spring sing being building setting heading listing mapping nothing something
everything anything during evening morning meeting ending rating listing table cable variable
`)

const longestListed = 16

// lowered writes w in lower case (ASCII) to buf; ok is false when it is too
// long to be in a list.
func lowered(w string, buf *[longestListed]byte) (b []byte, ok bool) {
	if len(w) > longestListed {
		return nil, false
	}
	for i := 0; i < len(w); i++ {
		c := w[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:len(w)], true
}

func isPlainWord(w string) bool {
	if len(w) > longestPlain {
		return false
	}
	var buf [longestListed]byte
	b, ok := lowered(w, &buf)
	if !ok {
		return false
	}
	_, ok = plainWords[string(b)]
	return ok
}

func isListedState(w string) bool {
	var buf [longestListed]byte
	b, ok := lowered(w, &buf)
	if !ok {
		return false
	}
	_, ok = stateWords[string(b)]
	return ok
}

// isState reports whether w says what happened, so that it must never become a
// variable: it is listed, or has the ending of a verb form ("started",
// "Stopping", "unreachable"). Of a constant in capitals
// the last part counts.
func isState(w string) bool {
	if i := strings.LastIndexAny(w, "_."); i > 0 && isEnum(w) {
		w = w[i+1:] // SCREEN_ON
	}
	if isListedState(w) {
		return true
	}
	if i := strings.LastIndexByte(w, '-'); i > 0 {
		w = w[i+1:] // half-configured
	}
	n := len(w)
	if n < 5 || !all(w, clLetter) {
		return false
	}
	var buf [longestListed]byte
	if b, ok := lowered(w, &buf); ok {
		if _, no := notVerbs[string(b)]; no {
			return false
		}
	}
	l := strings.ToLower(w[max(0, n-4):])
	return strings.HasSuffix(l, "ed") || strings.HasSuffix(l, "ing") || l == "able" || l == "ible"
}
