package rules

import (
	"strings"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
)

// sizes tells CEL's estimator how large the inputs can be.
type sizes struct{}

// EstimateSize gives the bounds of what a path leads to, or nothing.
func (sizes) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	path := node.Path()
	if len(path) == 0 {
		return nil
	}
	most, known := largest[strings.Join(path, ".")]
	if !known {
		return nil
	}
	return &checker.SizeEstimate{Min: 0, Max: most}
}

// largest has the greatest size of every input that has one, in entries or characters.
var largest = map[string]uint64{
	"event":            MaxWordLength,
	"currency":         3,
	"store":            MaxTextLength,
	"channel":          MaxTextLength,
	"day":              11, // The last hours of 9999 are in the year 10000 in some zones.
	"tier":             MaxIDLength,
	"tags":             MaxTags,
	"tags.@items":      MaxWordLength,
	"categories":       MaxCategories,
	"categories.@keys": MaxWordLength,
	"counters":         MaxCounters,
	"counters.@keys":   MaxIDLength,
}

// entryCost is what comparing one entry of two lists costs; CEL reckons a tenth of a unit, as for a letter of a text.
const entryCost = 4

// EstimateCallCost corrects CEL's own estimate for lists that are compared, and leaves every other function at it.
func (sizes) EstimateCallCost(_, overload string, _ *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	if overload != overloads.Equals && overload != overloads.NotEquals || args[0].Type().Kind() != types.ListKind {
		return nil
	}
	entries := checker.UnknownSizeEstimate().Max
	for _, list := range args {
		if size := list.ComputedSize(); size != nil {
			entries = min(entries, size.Max)
		}
	}
	return &checker.CallEstimate{CostEstimate: checker.FixedSizeEstimate(entries).MultiplyByCostFactor(entryCost)}
}
