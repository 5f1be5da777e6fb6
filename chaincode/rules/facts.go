package rules

import (
	"errors"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// facts are what a condition may ask about an event and its account.
type facts struct {
	ev            *Event
	local         time.Time // In the set's zone.
	tier          string
	counters      *table
	categories    *table
	firstPurchase bool
}

// variables are the names that conditions know, with their types.
func variables() []cel.EnvOption {
	totals := cel.MapType(cel.StringType, cel.IntType)
	return []cel.EnvOption{
		cel.Variable("event", cel.StringType),
		cel.Variable("amount", cel.IntType), // Minor units.
		cel.Variable("currency", cel.StringType),
		cel.Variable("categories", totals), // Minor units.
		cel.Variable("store", cel.StringType),
		cel.Variable("channel", cel.StringType),
		cel.Variable("tags", cel.ListType(cel.StringType)),
		cel.Variable("weekday", cel.IntType), // 1 is Monday, 7 is Sunday.
		cel.Variable("hour", cel.IntType),    // 0 to 23.
		cel.Variable("month", cel.IntType),   // 1 to 12.
		cel.Variable("day", cel.StringType),  // YYYY-MM-DD.
		cel.Variable("tier", cel.StringType), // Before the event; empty without one.
		cel.Variable("counters", totals),     // Before the event; every counter of the set is there.
		cel.Variable("firstPurchase", cel.BoolType),
	}
}

// ResolveName makes facts a cel.Activation.
func (f *facts) ResolveName(name string) (any, bool) {
	switch name {
	case "event":
		return types.String(f.ev.Type), true
	case "amount":
		return types.Int(f.ev.AmountMinor), true
	case "currency":
		return types.String(f.ev.Currency), true
	case "categories":
		return f.categories, true
	case "store":
		return types.String(f.ev.Store), true
	case "channel":
		return types.String(f.ev.Channel), true
	case "tags":
		return types.NewStringList(types.DefaultTypeAdapter, f.ev.Tags), true
	case "tier":
		return types.String(f.tier), true
	case "counters":
		return f.counters, true
	case "firstPurchase":
		return types.Bool(f.firstPurchase), true
	default:
		return f.resolveTime(name)
	}
}

func (f *facts) resolveTime(name string) (any, bool) {
	switch name {
	case "weekday":
		return types.Int(weekday(localDay(f.local))), true
	case "hour":
		return types.Int(f.local.Hour()), true
	case "month":
		return types.Int(f.local.Month()), true
	case "day":
		return types.String(localDay(f.local).String()), true
	default:
		return nil, false
	}
}

// Parent makes facts a cel.Activation.
func (f *facts) Parent() cel.Activation { return nil }

// table is a map of strings to integers that is walked in the order of its keys. CEL's own maps are Go maps, which have none.
type table struct {
	keys   []string // In order, each once.
	values []int64
}

var _ traits.Mapper = (*table)(nil)

// ConvertToNative makes table a CEL value; nothing needs it.
func (t *table) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("a table has no other form")
}

// ConvertToType makes table a CEL value.
func (t *table) ConvertToType(target ref.Type) ref.Val {
	switch target {
	case types.MapType:
		return t
	case types.TypeType:
		return types.MapType
	default:
		return types.NewErr("a map can't be converted")
	}
}

// Equal makes table a CEL value.
func (t *table) Equal(other ref.Val) ref.Val {
	o, ok := other.(*table)
	if !ok || len(o.keys) != len(t.keys) {
		return types.False
	}
	for i := range t.keys {
		if t.keys[i] != o.keys[i] || t.values[i] != o.values[i] {
			return types.False
		}
	}
	return types.True
}

// Type makes table a CEL value.
func (t *table) Type() ref.Type { return types.MapType }

// Value makes table a CEL value.
func (t *table) Value() any { return t }

// Contains says whether there is an entry.
func (t *table) Contains(key ref.Val) ref.Val {
	_, found := t.Find(key)
	return types.Bool(found)
}

// Find returns an entry, if there is one.
func (t *table) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	for i, k := range t.keys {
		if k == string(name) {
			return types.Int(t.values[i]), true
		}
	}
	return nil, false
}

// Get returns an entry, or an error.
func (t *table) Get(key ref.Val) ref.Val {
	v, found := t.Find(key)
	switch {
	case found:
		return v
	case v != nil:
		return v
	default:
		return types.NewErr("no such key")
	}
}

// Iterator walks the keys in their order.
func (t *table) Iterator() traits.Iterator {
	return types.NewStringList(types.DefaultTypeAdapter, t.keys).(traits.Iterable).Iterator()
}

// Size is the number of entries.
func (t *table) Size() ref.Val { return types.Int(len(t.keys)) }
