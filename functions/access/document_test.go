package access

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// documentedRules returns the rules that docs/access.md explains, sorted: the
// first cell of each row of its tables, where that is code.
func documentedRules(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		rules = append(rules, m[1])
	}
	slices.Sort(rules)
	return rules
}

// TestEveryRuleIsExplained holds that docs/access.md names exactly the rules that
// a decision may name: those that the package's source gives as Rule.
func TestEveryRuleIsExplained(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	name := func(e ast.Expr) {
		literal, ok := e.(*ast.BasicLit)
		if !ok {
			t.Fatalf("a rule's name is computed, by %T: write it out", e)
		}
		rule, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, rule)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Rule" {
					name(n.Value)
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if field, ok := left.(*ast.SelectorExpr); ok && field.Sel.Name == "Rule" {
						name(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	slices.Sort(rules)
	rules = slices.Compact(rules)
	if documented := documentedRules(t); !slices.Equal(rules, documented) {
		t.Errorf("docs/access.md explains\n%q, the package decides by\n%q", documented, rules)
	}
}
