package redactprocessor

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// deepest is how far maps and lists within each other are followed. What is deeper is not
// from a logger, and is masked as a whole.
const deepest = 32

// body redacts a body. Lines of one source come one after the other.
func (b *batch) body(v pcommon.Value) {
	if v.Type() == pcommon.ValueTypeStr {
		if out, changed := b.pass.Line(v.Str()); changed {
			v.SetStr(out)
		}
		return
	}
	b.value("", v, 0)
}

// attributes redacts the values of a map, and removes those that are to be dropped.
func (b *batch) attributes(m pcommon.Map) {
	m.RemoveIf(func(key string, v pcommon.Value) bool { return b.value(key, v, 0) })
}

// value redacts a value in its place; true says that it is to be dropped.
func (b *batch) value(key string, v pcommon.Value, depth int) (drop bool) {
	var out string
	var changed bool
	switch v.Type() {
	case pcommon.ValueTypeStr:
		out, changed, drop = b.pass.Value(key, v.Str())
	case pcommon.ValueTypeInt:
		out, changed, drop = b.pass.Number(key, v.Int())
	case pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
		if b.secret(key) {
			out, changed, drop = b.pass.Value(key, v.AsString())
		}
	case pcommon.ValueTypeBytes:
		if out, changed, drop = b.pass.Value(key, string(v.Bytes().AsRaw())); changed {
			v.SetEmptyBytes().FromRaw([]byte(out))
			return drop
		}
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		b.inner(key, v, depth+1)
	}
	if changed {
		v.SetStr(out)
	}
	return drop
}

func (b *batch) secret(key string) bool {
	_, secret := b.redactor.redactor.Secret(key)
	return secret
}

// inner redacts what is in a map or list. Below a key that is secret, everything is.
func (b *batch) inner(key string, v pcommon.Value, depth int) {
	switch {
	case depth > deepest:
		v.SetStr("****")
	case v.Type() == pcommon.ValueTypeSlice:
		v.Slice().RemoveIf(func(item pcommon.Value) bool { return b.value(key, item, depth) })
	case b.secret(key):
		v.Map().RemoveIf(func(_ string, member pcommon.Value) bool { return b.value(key, member, depth) })
	default:
		v.Map().RemoveIf(func(name string, member pcommon.Value) bool { return b.value(name, member, depth) })
	}
}
