package change

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/tidewatch/tidewatch/logpattern/internal/wire"
)

// coder writes the fields that it is shown, or reads them: one description of the
// snapshot serves both.
type coder struct {
	in      *wire.Reader // nil to write
	out     []byte
	version byte
}

func (c *coder) reading() bool { return c.in != nil }

func (c *coder) ok() bool { return c.in == nil || c.in.OK() }

func (c *coder) fail(why string) {
	if c.in != nil {
		c.in.Fail(errors.New(why))
	}
}

func (c *coder) int(v *int64) {
	if c.reading() {
		*v = c.in.Varint()
		return
	}
	c.out = binary.AppendVarint(c.out, *v)
}

func (c *coder) uint(v *uint64) {
	if c.reading() {
		*v = c.in.Uvarint()
		return
	}
	c.out = binary.AppendUvarint(c.out, *v)
}

// count codes the length of a list.
func (c *coder) count(n int) int {
	v := uint64(n)
	c.uint(&v)
	return int(min(v, math.MaxInt32))
}

func (c *coder) byte(v *byte) {
	if c.reading() {
		*v = c.in.Byte()
		return
	}
	c.out = append(c.out, *v)
}

func (c *coder) bool(v *bool) {
	n := byte(0)
	if *v {
		n = 1
	}
	c.byte(&n)
	*v = n == 1
}

func (c *coder) string(v *string) {
	if c.reading() {
		*v = c.in.String()
		return
	}
	c.out = wire.AppendString(c.out, *v)
}

// float codes a number that is neither negative nor infinite.
func (c *coder) float(v *float64) {
	if !c.reading() {
		c.out = binary.LittleEndian.AppendUint64(c.out, math.Float64bits(*v))
		return
	}
	if *v = math.Float64frombits(c.in.Uint64()); !(*v >= 0) || math.IsInf(*v, 0) {
		*v = 0
		c.fail("a number is not valid")
	}
}

func (c *coder) float32(v *float32) {
	if !c.reading() {
		c.out = binary.LittleEndian.AppendUint32(c.out, math.Float32bits(*v))
		return
	}
	if *v = math.Float32frombits(c.in.Uint32()); !(*v >= 0) || math.IsInf(float64(*v), 0) {
		*v = 0
		c.fail("a rate is not valid")
	}
}
