package rules

import (
	"testing"
	"time"

	"cel.dev/cel-go/cel"
)

// FuzzCondition compiles a condition and runs it: nothing may panic, and what can be published gives the same answer twice at no more than its estimated cost.
func FuzzCondition(f *testing.F) {
	c, err := newCompiler(costSet())
	if err != nil {
		f.Fatal(err)
	}
	p := assemble(costSet(), time.UTC, make([]cel.Program, 1))
	inputs := []*facts{about(f, p, largestEvent()), about(f, p, smallEvent())}
	for _, when := range dearest {
		f.Add(when)
	}
	for _, when := range []string{
		`amount / 100 * 100 == 4200 && -amount < 0`, `channel in ["web", "phone"] || store.startsWith("leeds")`, `categories["wine"] > 1250 && has(categories.food)`,
		`tags.filter(t, t.endsWith("s")).size() == 1`, `tags.exists_one(t, t == "app")`, `(amount > 100 ? "large" : "small") == "large"`, `counters["counter-00"] % 7 == 3`,
		`1.5 > 1.0`, `b"a" == b"a"`, `{"a": 1}.a == 1`, `tags + tags == tags`, `[tags] == [tags]`, `dyn(1) == 1`, `type(1) == int`, `1u < 2u`, `timestamp("x") > timestamp("y")`,
		`"食".size() == 1`, `r"\d" == '''x'''`,
		`tags.map(t, t)`, `@result == 1`, `__result__ == 1`, `a.b.c.d()`, `1 / 0 == 1`, `-9223372036854775808 == 1`, `((((((1))))))`, "\x00", "\xff", `tier == "nowhere"`,
	} {
		f.Add(when)
	}
	f.Fuzz(func(t *testing.T, when string) { costs(t, c, when, inputs...) })
}
