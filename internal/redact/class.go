package redact

import (
	"fmt"
	"slices"
	"strings"
)

// Class is a kind of what is redacted. Own patterns have the classes after the last one.
type Class uint8

// The classes. Those up to PrivateKey are secrets, the others personal data.
const (
	Authorization Class = iota // credentials of an Authorization or Cookie header
	Password                   // the value of password=, secret=, token=, api_key= and their like
	URLPassword                // the password in scheme://user:password@host, and signatures of signed URLs
	AWSKey                     // access key ids
	GoogleKey                  // API keys, OAuth tokens and client secrets
	AzureKey                   // account keys, client secrets
	GitHubToken
	GitLabToken
	SlackToken // tokens, and web hooks
	StripeKey
	VendorToken // tokens with a known prefix of other issuers
	JWT
	PrivateKey // PEM, also over several lines
	Email
	Card       // credit cards: issuer, length, Luhn
	IBAN       // country, length, mod 97
	SSN        // of the United States, with dashes
	Phone      // with + and country, or as North America writes them
	NationalID // those with check digits: CPF, DNI and NIE, codice fiscale
	IPv4
	IPv6
	Key // the values of keys that the configuration names
	numClasses
)

var names = [numClasses]string{
	"authorization", "password", "url_password", "aws_key", "google_key", "azure_key", "github_token", "gitlab_token",
	"slack_token", "stripe_key", "vendor_token", "jwt", "private_key",
	"email", "card", "iban", "ssn", "phone", "national_id", "ipv4", "ipv6", "key",
}

// Names of groups of classes.
const (
	groupSecrets = "secrets"
	groupPII     = "pii"
)

// Names lists the classes that can be asked for, secrets first.
func Names() []string { return names[:Key] }

// Known reports whether a name is that of a class that can be asked for, or of a group.
func Known(name string) bool {
	return name == groupSecrets || name == groupPII || slices.Contains(Names(), name)
}

// ParseClasses turns names of classes and groups (secrets, pii) into a set. The group pii
// has all personal data but addresses of hosts, which whoever reads logs needs: ipv4 and
// ipv6 are asked for by name.
func ParseClasses(list []string) (Set, error) {
	var s Set
	for _, name := range list {
		switch i := slices.Index(Names(), name); {
		case name == groupSecrets:
			for c := Authorization; c <= PrivateKey; c++ {
				s |= 1 << c
			}
		case name == groupPII:
			for c := Email; c <= NationalID; c++ {
				s |= 1 << c
			}
		case i >= 0:
			s |= 1 << i
		default:
			return 0, fmt.Errorf("%q is no class; use secrets, pii, %s", name, strings.Join(Names(), ", "))
		}
	}
	return s, nil
}

// Set is a set of classes.
type Set uint64

// Has reports whether a class is in the set.
func (s Set) Has(c Class) bool { return s&(1<<c) != 0 }

// Without returns the set less another.
func (s Set) Without(other Set) Set { return s &^ other }
