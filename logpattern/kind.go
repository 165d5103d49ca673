package logpattern

// Kind is the type of a word of a message.
type Kind uint8

// Kinds of words. Constant words are Word; everything else is a variable.
const (
	Word Kind = iota
	// Any is a place at which unlike things were seen.
	Any
	Num
	Hex
	IP
	UUID
	Path
	URL
	Duration
	Size
	Date
	Str
	ID
	Bool
	// Empty is a value that is not there ("user= "), and was never seen.
	Empty
	kinds
)

var kindNames = [kinds]string{
	"", "<*>", "<num>", "<hex>", "<ip>", "<uuid>", "<path>", "<url>", "<duration>", "<size>", "<date>", "<str>", "<id>", "<bool>", "",
}

// String is the placeholder that stands for the kind in a template.
func (k Kind) String() string {
	if k >= kinds {
		return "<*>"
	}
	return kindNames[k]
}

// KindOf is the kind whose placeholder in templates is s ("<num>"); ok is false if
// s is none.
func KindOf(s string) (k Kind, ok bool) {
	for k := Any; k < Empty; k++ {
		if kindNames[k] == s {
			return k, true
		}
	}
	return Word, false
}

// join is the narrowest kind that covers both.
func join(a, b Kind) Kind {
	if a == b {
		return a
	}
	if a > b {
		a, b = b, a
	}
	switch {
	case b == Empty:
		return a
	case a != Any && (a == Str || b == Str):
		return Str
	case a == Num && (b == Hex || b == Duration || b == Size || b == ID):
		return b
	case a == Hex && b == ID, a == UUID && b == ID:
		return ID
	default:
		return Any
	}
}
