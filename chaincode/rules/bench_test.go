package rules_test

import (
	"fmt"
	"testing"

	"github.com/tallystick/tallystick/chaincode/fault"
	"github.com/tallystick/tallystick/chaincode/rules"
)

// fullSet has the most rules that a set may have, each with a condition.
func fullSet() *rules.Set {
	var list []rules.Rule
	for i := range rules.MaxRules {
		r := rate(fmt.Sprintf("r%02d", i), 1, 100)
		r.When = fmt.Sprintf(`amount > %d && tags.exists(t, t == "app") && "food" in categories && hour < 23`, i)
		list = append(list, r)
	}
	return setOf(list...)
}

// benchmarked are the published example, and a set as large as it may be.
func benchmarked(b *testing.B) map[string]*rules.Set {
	return map[string]*rules.Set{"spring": springSet(b), "full": fullSet()}
}

func BenchmarkCompile(b *testing.B) {
	for name, set := range benchmarked(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rules.Compile(set); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for name, set := range benchmarked(b) {
		b.Run(name, func(b *testing.B) {
			p, ev, s := compile(b, set), busyEvent(), &rules.Standing{}
			book(b, p, ev, s, 20_000)
			b.ReportAllocs()
			for b.Loop() {
				if _, code := p.Evaluate(ev, s, 20_000, nil); code != fault.OK {
					b.Fatal(code)
				}
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	for name, set := range benchmarked(b) {
		b.Run(name, func(b *testing.B) {
			p, s := compile(b, set), &rules.Standing{}
			book(b, p, busyEvent(), s, 20_000)
			o := evaluate(b, p, busyEvent(), s, 20_000)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Apply(s, &o, 20_000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
