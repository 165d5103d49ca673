package alerts

import "fmt"

// ShippedFile is the text of a shipped file, by its name below the root of the ledger: what a copy to be changed
// begins with.
func ShippedFile(name string) ([]byte, error) {
	text, err := shippedFiles.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read shipped rule: %w", err)
	}
	return text, nil
}
