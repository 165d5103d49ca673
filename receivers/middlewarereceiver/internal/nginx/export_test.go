package nginx

// Requests parses a page.
func Requests(page []byte) (int64, error) {
	s, err := parse(page)
	return s.requests, err
}
