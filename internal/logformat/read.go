package logformat

import (
	"errors"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// sampleLines is how many lines Read looks at before it decides where records begin.
const sampleLines = sampleEnough

// Event is a record with the lines that it was read from, counted from 1.
type Event struct {
	First, Last int
	*Record
}

// Summary says what Read made of its input.
type Summary struct {
	Lines, Records int
	// Joined is the number of records of more than one line.
	Joined int
	// Invalid is the number of lines with bytes that are not UTF-8, FirstInvalid the
	// first of them.
	Invalid, FirstInvalid int
	// Broken is the number of records that begin like a JSON object and are none,
	// FirstBroken the line of the first.
	Broken, FirstBroken int
	// Cut is the number of lines of which the end was left out, FirstCut the first.
	Cut, FirstCut int
	// NoTime and NoLevel are the numbers of records that state none.
	NoTime, NoLevel int
	// Formats counts records by the format they were read as.
	Formats map[string]int
}

// ReadOptions say how ReadWith reads.
type ReadOptions struct {
	// Format is FormatAuto by default.
	Format Format
	// Now is the time at which the log ends, for dates without a year; the time of
	// its last change, or the present. Zero leaves such dates in the year 2000.
	Now time.Time
	// Start, if set, alone decides whether a line begins a record.
	Start func(line string) bool
}

// Read reads a log to its end and calls emit for each record; the event is valid
// during the call. Records come in the order of their ends, which differs from
// that of their beginnings only between the streams of a container. An error of
// emit ends it and is returned.
func Read(r io.Reader, format Format, emit func(Event) error) (Summary, error) {
	return ReadWith(r, ReadOptions{Format: format}, emit)
}

// ReadWith is Read with options.
func ReadWith(r io.Reader, opt ReadOptions, emit func(Event) error) (Summary, error) {
	rd := reader{in: lineReader{r: r}, format: opt.Format, start: opt.Start, emit: emit, streams: map[string]*stream{}}
	if rd.resolve = !opt.Now.IsZero(); rd.resolve {
		rd.clock.Now = opt.Now.Unix()
	}
	rd.sum.Formats = map[string]int{}
	err := rd.run()
	return rd.sum, err
}

type reader struct {
	in      lineReader
	lines   int
	format  Format
	start   func(string) bool
	emit    func(Event) error
	sum     Summary
	resolve bool
	clock   Clock
	parser  Parser
	record  Record
	streams map[string]*stream
	order   []*stream
}

// stream collects the record that is being joined; stdout and stderr of a
// container are streams of their own.
type stream struct {
	joiner      Joiner
	env         Envelope
	first, last int
	line        string // the only line so far
	text        []byte // of several lines
	partial     bool
}

type sampled struct {
	text string
	env  Envelope
}

func (rd *reader) run() error {
	var sample []sampled
	var contents []string
	for len(sample) < sampleLines {
		l, err := rd.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		sample = append(sample, l)
		contents = append(contents, l.text)
	}
	profile := Profile{Start: rd.start}
	profile.Observe(contents)
	for _, l := range sample {
		if err := rd.take(&profile, l); err != nil {
			return err
		}
	}
	for {
		l, err := rd.line()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := rd.take(&profile, l); err != nil {
			return err
		}
	}
	for _, s := range rd.order {
		if err := rd.finish(s); err != nil {
			return err
		}
	}
	return nil
}

// line reads a line and takes its envelope off.
func (rd *reader) line() (sampled, error) {
	text, valid, cut, err := rd.in.next()
	if err != nil {
		return sampled{}, err
	}
	rd.lines++
	if cut {
		count(&rd.sum.Cut, &rd.sum.FirstCut, rd.lines)
	}
	if strings.IndexByte(text, 0) >= 0 { // as a sparse file has them
		text = strings.ReplaceAll(text, "\x00", " ")
	}
	if !valid && !utf8.ValidString(text) {
		count(&rd.sum.Invalid, &rd.sum.FirstInvalid, rd.lines)
		text = Latin1(text)
	}
	l := sampled{text: text}
	if rd.format == FormatAuto || rd.format == FormatCRI || rd.format == FormatDocker {
		if Unwrap(text, &l.env) {
			l.text = l.env.Content
		}
	}
	return l, nil
}

// count counts a line and keeps the first.
func count(total, line *int, n int) {
	if *total++; *line == 0 {
		*line = n
	}
}

func (rd *reader) take(profile *Profile, l sampled) error {
	rd.sum.Lines++
	s := rd.streams[l.env.Stream]
	if s == nil {
		s = &stream{joiner: NewJoiner(profile)}
		rd.streams[l.env.Stream] = s
		rd.order = append(rd.order, s)
	}
	n := rd.sum.Lines
	if s.partial {
		s.text, s.last, s.partial = append(s.joined(), l.text...), n, l.env.Partial
		return nil
	}
	if s.joiner.Complete() {
		s.joiner = NewJoiner(profile)
	}
	if s.first > 0 && s.joiner.Continues(l.text) {
		s.text = append(append(s.joined(), '\n'), l.text...)
		s.last, s.partial = n, l.env.Partial
		return nil
	}
	if s.first > 0 {
		if err := rd.finish(s); err != nil {
			return err
		}
	} else {
		s.joiner.Continues(l.text)
	}
	s.first, s.last, s.env, s.partial = n, n, l.env, l.env.Partial
	s.line, s.text = l.text, s.text[:0]
	return nil
}

// joined returns the text so far, to be appended to.
func (s *stream) joined() []byte {
	if len(s.text) == 0 {
		s.text = append(s.text, s.line...)
	}
	return s.text
}

func (rd *reader) finish(s *stream) error {
	text := s.line
	if len(s.text) > 0 {
		text = string(s.text)
	}
	text = strings.TrimRight(text, " \t\r\n")
	first, last := s.first, s.last
	s.first = 0
	if text == "" {
		return nil
	}
	if s.env.Format != FormatAuto {
		rd.parser.ParseContent(&s.env, text, &rd.record)
	} else {
		rd.parser.ParseText(text, rd.format, &rd.record)
	}
	if rd.resolve {
		rd.record.Time, rd.record.Own = rd.clock.Resolve(rd.record.Time), rd.clock.Resolve(rd.record.Own)
	}
	rd.sum.Records++
	if last > first {
		rd.sum.Joined++
	}
	if !rd.record.Time.OK {
		rd.sum.NoTime++
	}
	if rd.record.Severity == 0 {
		rd.sum.NoLevel++
	}
	rd.sum.Formats[rd.record.Format.String()]++
	if text[0] == '{' && rd.record.Format == FormatPlain && rd.format != FormatPlain && strings.HasPrefix(strings.TrimLeft(text[1:], " "), "\"") {
		count(&rd.sum.Broken, &rd.sum.FirstBroken, first)
	}
	return rd.emit(Event{First: first, Last: last, Record: &rd.record})
}

// Latin1 keeps valid UTF-8 and reads every other byte as a character of Latin-1,
// which makes western text readable and loses nothing of the rest.
func Latin1(s string) string {
	var sb strings.Builder
	sb.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			r = rune(s[i])
		}
		sb.WriteRune(r)
		i += n
	}
	return sb.String()
}
