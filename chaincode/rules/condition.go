package rules

import (
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"github.com/tallystick/tallystick/chaincode/fault"
)

// vocabulary is what of CEL's standard library a condition may use: nothing that makes or takes a floating-point number, a time, or a value whose type is known only at run time.
func vocabulary() *env.LibrarySubset {
	allowed := []struct {
		function  string
		overloads []string
	}{
		{operators.LogicalAnd, []string{overloads.LogicalAnd}},
		{operators.LogicalOr, []string{overloads.LogicalOr}},
		{operators.LogicalNot, []string{overloads.LogicalNot}},
		{operators.NotStrictlyFalse, []string{overloads.NotStrictlyFalse}},
		{operators.Conditional, []string{overloads.Conditional}},
		{operators.Equals, []string{overloads.Equals}},
		{operators.NotEquals, []string{overloads.NotEquals}},
		{operators.Less, []string{overloads.LessInt64, overloads.LessString}},
		{operators.LessEquals, []string{overloads.LessEqualsInt64, overloads.LessEqualsString}},
		{operators.Greater, []string{overloads.GreaterInt64, overloads.GreaterString}},
		{operators.GreaterEquals, []string{overloads.GreaterEqualsInt64, overloads.GreaterEqualsString}},
		{operators.Add, []string{overloads.AddInt64, overloads.AddString, overloads.AddList}}, // Lists in filter's own loop only.
		{operators.Subtract, []string{overloads.SubtractInt64}},
		{operators.Multiply, []string{overloads.MultiplyInt64}},
		{operators.Divide, []string{overloads.DivideInt64}},
		{operators.Modulo, []string{overloads.ModuloInt64}},
		{operators.Negate, []string{overloads.NegateInt64}},
		{operators.In, []string{overloads.InList, overloads.InMap}},
		{operators.Index, []string{overloads.IndexList, overloads.IndexMap}},
		{overloads.Size, []string{overloads.SizeString, overloads.SizeStringInst, overloads.SizeList, overloads.SizeListInst, overloads.SizeMap, overloads.SizeMapInst}},
		{overloads.Contains, []string{overloads.ContainsString}},
		{overloads.StartsWith, []string{overloads.StartsWithString}},
		{overloads.EndsWith, []string{overloads.EndsWithString}},
	}
	subset := env.NewLibrarySubset().AddIncludedMacros(operators.Has, operators.All, operators.Exists, operators.ExistsOne, operators.Filter)
	for _, a := range allowed {
		f := env.NewFunction(a.function)
		for _, id := range a.overloads {
			f.Overloads = append(f.Overloads, env.NewOverload(id, nil, nil))
		}
		subset.AddIncludedFunctions(f)
	}
	return subset
}

// compiler turns the conditions of one set into programs.
type compiler struct {
	env *cel.Env
	set *Set
}

func newCompiler(set *Set) (*compiler, error) {
	options := append(variables(),
		cel.StdLib(cel.StdLibSubset(vocabulary())),
		cel.ParserExpressionSizeLimit(MaxConditionLength),
		cel.ParserRecursionLimit(MaxConditionNesting),
		cel.ExpressionNodeLimit(MaxConditionNodes),
		cel.ParserErrorRecoveryLimit(1),
		cel.ASTValidators(cel.ValidateComprehensionNestingLimit(MaxConditionLoops)),
	)
	e, err := cel.NewCustomEnv(options...)
	if err != nil {
		return nil, fault.New(fault.Internal, "the expression library refuses its settings: %v", err)
	}
	return &compiler{env: e, set: set}, nil
}

// compile returns a program and its worst cost; RULE_INVALID, with what to do, unless the condition can be run anywhere at a bounded cost.
//
// The bound is held here and not counted again at every run, which would more than double a condition's time: inputs are no larger than `largest` says, and a condition
// has no other way to make something long than to write it out.
func (c *compiler) compile(rule, when string) (cel.Program, uint64, error) {
	if len(when) > utf8.UTFMax*MaxConditionLength {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: the condition is longer than %d characters", rule, MaxConditionLength)
	}
	checked, issues := c.env.Compile(when)
	if err := issues.Err(); err != nil {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: the condition doesn't compile: %s", rule, firstIssue(issues))
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: the condition must be true or false, not of type %s", rule, checked.OutputType())
	}
	if complaint := c.inspect(checked.NativeRep()); complaint != "" {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: %s", rule, complaint)
	}
	cost, err := c.env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: the condition's cost can't be estimated", rule)
	}
	if cost.Max > MaxConditionCost {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: the condition may cost %d, at most %d is allowed: loop over less, or split the rule", rule, cost.Max, MaxConditionCost)
	}
	program, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil || c.alwaysFails(checked) {
		return nil, 0, fault.New(fault.RuleInvalid, "rule %s: the condition always fails, whatever the event: look for a division by zero or a number that is too large", rule)
	}
	return program, cost.Max, nil
}

// alwaysFails runs a condition with nothing known: an error that comes up even so comes up for every event.
func (c *compiler) alwaysFails(checked *cel.Ast) bool {
	program, err := c.env.Program(checked, cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		return true
	}
	var unknown []*cel.AttributePatternType
	for _, v := range c.env.Variables() {
		unknown = append(unknown, cel.AttributePattern(v.Name()))
	}
	nothing, err := cel.PartialVars(map[string]any{}, unknown...)
	if err != nil {
		return true
	}
	_, _, err = program.Eval(nothing)
	return err != nil
}

// maxIssue bounds how much of the compiler's words a refusal repeats.
const maxIssue = 200

func firstIssue(issues *cel.Issues) string {
	text := "unknown"
	if all := issues.Errors(); len(all) > 0 {
		text, _, _ = strings.Cut(all[0].Message, "\n")
	}
	if len(text) > maxIssue {
		text = strings.ToValidUTF8(text[:maxIssue], "")
	}
	return text
}

// inspect says what of a checked condition isn't allowed, or nothing.
func (c *compiler) inspect(tree *ast.AST) string {
	complaint := ""
	visitor := ast.NewExprVisitor(func(e ast.Expr) {
		if complaint == "" {
			complaint = c.inspectNode(tree, e)
		}
	})
	ast.PreOrderVisit(tree.Expr(), visitor)
	return complaint
}

func (c *compiler) inspectNode(tree *ast.AST, e ast.Expr) string {
	if t := tree.GetType(e.ID()); t != nil && !plain(t) {
		return "the condition has a part of type " + t.String() + ": use integers, strings, true and false, and lists and maps of them"
	}
	switch e.Kind() {
	case ast.MapKind, ast.StructKind:
		return "the condition makes a map or a message: only the given maps have an order that is the same everywhere"
	case ast.SelectKind:
		s := e.AsSelect()
		return c.inspectCounter(s.Operand(), s.FieldName())
	case ast.CallKind:
		return c.inspectCall(tree, e.AsCall())
	default:
		return ""
	}
}

func (c *compiler) inspectCall(tree *ast.AST, call ast.CallExpr) string {
	args := call.Args()
	if len(args) != 2 {
		return ""
	}
	switch call.FunctionName() {
	case operators.Add:
		if of := args[0]; of.Kind() != ast.IdentKind || of.AsIdent() != parser.HiddenAccumulatorName {
			return c.inspectAdd(tree, of)
		}
	case operators.Index:
		if key, ok := literal(args[1]); ok {
			return c.inspectCounter(args[0], key)
		}
	case operators.Equals, operators.NotEquals:
		if complaint := c.inspectTier(args[0], args[1]); complaint != "" {
			return complaint
		}
		return c.inspectTier(args[1], args[0])
	case operators.In:
		if key, ok := literal(args[0]); ok {
			return c.inspectCounter(args[1], key)
		}
		if args[1].Kind() == ast.ListKind {
			for _, item := range args[1].AsList().Elements() {
				if complaint := c.inspectTier(args[0], item); complaint != "" {
					return complaint
				}
			}
		}
	}
	return ""
}

// inspectAdd finds lists that are joined: chains of them cost more to walk than CEL's estimate says.
func (c *compiler) inspectAdd(tree *ast.AST, of ast.Expr) string {
	if tree.GetType(of.ID()).Kind() != types.ListKind {
		return ""
	}
	return "the condition joins two lists: look at each by itself"
}

// inspectCounter finds a counter that the set doesn't have: the condition would never hold.
func (c *compiler) inspectCounter(of ast.Expr, name string) string {
	if of.Kind() != ast.IdentKind || of.AsIdent() != "counters" || findCounter(c.set.Counters, name) != nil {
		return ""
	}
	return "the condition names the counter " + quoted(name) + ", which the set doesn't have"
}

// inspectTier finds a tier that the set doesn't have: the condition would never hold.
func (c *compiler) inspectTier(of, value ast.Expr) string {
	name, ok := literal(value)
	if !ok || of.Kind() != ast.IdentKind || of.AsIdent() != "tier" || name == "" || tierRank(c.set.Tiers, name) >= 0 {
		return ""
	}
	return "the condition names the tier " + quoted(name) + ", which the set doesn't have"
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func quoted(name string) string {
	if len(name) > MaxIDLength {
		name = strings.ToValidUTF8(name[:MaxIDLength], "") + "..."
	}
	return `"` + name + `"`
}

// plain says whether a type is that of integers, strings, booleans, or of lists and maps of them. A list of lists is not: comparing two costs more than CEL's estimate says.
func plain(t *cel.Type) bool {
	switch t.Kind() {
	case types.ListKind, types.MapKind:
		return !slices.ContainsFunc(t.Parameters(), func(p *cel.Type) bool { return !scalar(p) })
	default:
		return scalar(t)
	}
}

func scalar(t *cel.Type) bool {
	return t.Kind() == types.BoolKind || t.Kind() == types.IntKind || t.Kind() == types.StringKind
}
