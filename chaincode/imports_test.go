package chaincode_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tallystick/tallystick/"

// layers names every package of this folder and what of this module it may import.
var layers = map[string][]string{
	".":                   {},
	"fault":               {},
	"quantity":            {"fault"},
	"rules":               {"fault", "quantity"},
	"lots":                {"fault", "quantity"},
	"terms":               {"fault", "quantity", "lots"},
	"statement":           {"fault", "quantity", "lots"},
	"webauthn":            {"fault"},
	"p256":                {"fault"},
	"points":              {"fault", "quantity", "lots", "terms", "rules", "webauthn", "p256", "clearing"},
	"privacy":             {"fault", "quantity", "p256", "webauthn", "points"},
	"netting":             {"fault", "quantity"},
	"clearing":            {"fault", "quantity", "netting", "p256"},
	"wire":                {"fault", "quantity", "terms", "rules", "webauthn", "points", "privacy", "netting", "clearing"},
	"engine":              {"fault", "quantity", "terms", "rules", "points", "privacy", "netting", "clearing", "wire"},
	"engine/accesstest":   {"wire", "points", "privacy", "clearing", "engine"},
	"contract":            {"fault", "rules", "wire", "engine"},
	"contract/stubtest":   {},
	"cmd/tally-chaincode": {"contract", "points"},
}

// pure are the packages whose result may depend on nothing but their input: the audit runs them again, years later and elsewhere.
var pure = []string{"fault", "quantity", "rules", "lots", "terms", "statement", "webauthn", "p256", "points", "privacy", "netting", "clearing", "wire", "engine"}

// impure are imports through which a clock, chance, the machine or Fabric would come in.
var impure = []string{"os", "net", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "sync", "runtime", "unsafe", "context", "math"}

// exempt are impure imports that a package has a reason for: rules keeps compiled programs between calls, which changes no answer.
var exempt = map[string]string{"rules": "sync"}

// impureTime are the functions of package time that look at a clock or at the machine's zones.
var impureTime = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"}

func parse(t *testing.T, folder string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func TestEveryPackageIsInALayer(t *testing.T) {
	names, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob("*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, deeper...) {
		if files := parse(t, name); len(files) > 0 && layers[filepath.ToSlash(name)] == nil {
			t.Errorf("%s is in no layer: say here what it may import", name)
		}
	}
}

func TestImportsRunOneWay(t *testing.T) {
	for folder, allowed := range layers {
		for _, f := range parse(t, folder) {
			for _, path := range importsOf(t, f) {
				own, ours := strings.CutPrefix(path, module)
				if !ours {
					continue
				}
				if name, below := strings.CutPrefix(own, "chaincode/"); !below || !slices.Contains(allowed, name) {
					t.Errorf("%s imports %s", folder, own)
				}
			}
		}
	}
}

func importsOf(t *testing.T, f *ast.File) []string {
	t.Helper()
	var paths []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestDomainDependsOnNothingButItsInput(t *testing.T) {
	for _, folder := range pure {
		for _, f := range parse(t, folder) {
			for _, path := range importsOf(t, f) {
				if slices.Contains(impure, path) && exempt[folder] != path || strings.HasPrefix(path, "net/") && path != "net/http" || strings.HasPrefix(path, "github.com/hyperledger/") {
					t.Errorf("%s imports %s", folder, path)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if complaint := impurity(n); complaint != "" {
					t.Errorf("%s: %s", folder, complaint)
				}
				return true
			})
		}
	}
}

// impurity says what is wrong with a node of a pure package: a look at the clock, a floating-point type, a goroutine, or HTTP beyond its status codes.
func impurity(n ast.Node) string {
	switch v := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.Ident:
		if v.Name == "float32" || v.Name == "float64" {
			return v.Name
		}
	case *ast.BasicLit:
		if v.Kind == token.FLOAT {
			return "the floating-point number " + v.Value
		}
	case *ast.SelectorExpr:
		p, ok := v.X.(*ast.Ident)
		if ok && p.Name == "time" && slices.Contains(impureTime, v.Sel.Name) || ok && p.Name == "http" && !strings.HasPrefix(v.Sel.Name, "Status") {
			return p.Name + "." + v.Sel.Name
		}
	}
	return ""
}
