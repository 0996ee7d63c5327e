package connector

import "testing"

// TestBuiltInRules shows what every status, close code and message means that no
// rule of the application is for.
func TestBuiltInRules(t *testing.T) {
	for _, c := range []struct {
		name     string
		source   Source
		from, to int
		class    Class
		declared bool // by a rule of its own
	}{
		{"a captive portal", OfStatus, 200, 299, ClassNetwork, false},
		{"redirects", OfStatus, 300, 399, ClassNetwork, false},
		{"a bad request", OfStatus, 400, 400, ClassBusy, true},
		{"unauthorized", OfStatus, 401, 401, ClassExpired, true},
		{"payment required", OfStatus, 402, 402, ClassBusy, true},
		{"forbidden", OfStatus, 403, 403, ClassRejected, true},
		{"not found, and the next", OfStatus, 404, 407, ClassBusy, true},
		{"request timeout", OfStatus, 408, 408, ClassNetwork, true},
		{"conflict", OfStatus, 409, 409, ClassReplaced, true},
		{"gone", OfStatus, 410, 410, ClassRejected, true},
		{"the rest before upgrade required", OfStatus, 411, 425, ClassBusy, true},
		{"upgrade required", OfStatus, 426, 426, ClassRejected, true},
		{"the rest of 4xx, too many requests among it", OfStatus, 427, 499, ClassBusy, true},
		{"a server that failed, or a gateway", OfStatus, 500, 502, ClassNetwork, false},
		{"service unavailable", OfStatus, 503, 503, ClassBusy, true},
		{"the rest of 5xx", OfStatus, 504, 599, ClassNetwork, false},

		{"no code", OfClose, 0, 999, ClassNetwork, false},
		{"normal, and going away", OfClose, 1000, 1001, ClassNetwork, false},
		{"protocol error, unsupported data", OfClose, 1002, 1003, ClassBusy, true},
		{"reserved, none, abnormal", OfClose, 1004, 1006, ClassNetwork, false},
		{"bad data, policy, too big, an extension", OfClose, 1007, 1010, ClassBusy, true},
		{"internal error, restart", OfClose, 1011, 1012, ClassNetwork, false},
		{"try again later", OfClose, 1013, 1013, ClassBusy, true},
		{"a gateway, TLS, and up to the application's", OfClose, 1014, 4400, ClassNetwork, false},
		{"expired", OfClose, 4401, 4401, ClassExpired, true},
		{"between", OfClose, 4402, 4402, ClassNetwork, false},
		{"forbidden", OfClose, 4403, 4403, ClassRejected, true},
		{"up to replaced", OfClose, 4404, 4408, ClassNetwork, false},
		{"replaced", OfClose, 4409, 4409, ClassReplaced, true},
		{"up to too many", OfClose, 4410, 4428, ClassNetwork, false},
		{"too many", OfClose, 4429, 4429, ClassBusy, true},
		{"the rest", OfClose, 4430, 65535, ClassNetwork, false},

		{"messages", OfMessage, -1, 5000, ClassNetwork, false},
	} {
		t.Run("K9 built in: "+c.name, func(t *testing.T) {
			for code := c.from; code <= c.to; code++ {
				if got, ok := class(nil, c.source, Code{Number: code, Text: "any"}); got != c.class || ok != c.declared {
					t.Errorf("source %d, code %d: got %v, by a rule: %v; want %v, %v", c.source, code, got, ok, c.class, c.declared)
				}
			}
		})
	}
}

// TestRulesFit shows which codes a rule is for.
func TestRulesFit(t *testing.T) {
	some := func(number int, text string) Code { return Code{Number: number, Text: text} }
	for _, c := range []struct {
		name string
		rule Rule
		yes  []Code
		no   []Code
	}{
		{"one number", Rule{From: 4100}, []Code{some(4100, ""), some(4100, "x")}, []Code{some(4099, ""), some(4101, ""), some(0, "")}},
		{"a range, both ends included", Rule{From: 4100, To: 4199}, []Code{some(4100, ""), some(4150, ""), some(4199, "")}, []Code{some(4099, ""), some(4200, "")}},
		{"up to a number", Rule{To: 3999}, []Code{some(0, ""), some(3999, "")}, []Code{some(4000, "")}},
		{"a text of any number", Rule{Text: "maintenance"}, []Code{some(0, "maintenance"), some(4000, "maintenance")}, []Code{some(4000, ""), some(4000, "Maintenance")}},
		{"a text and a range", Rule{From: 4000, To: 4001, Text: "a"}, []Code{some(4001, "a")}, []Code{some(4001, "b"), some(4002, "a")}},
		{"anything", Rule{}, []Code{some(0, ""), some(1000, "x")}, nil},
	} {
		t.Run("K9 a rule for "+c.name, func(t *testing.T) {
			for source := range sources {
				c.rule.Source = source
				for _, code := range c.yes {
					if !c.rule.fits(source, code) || c.rule.fits((source+1)%sources, code) {
						t.Errorf("source %d, %+v: got fits %v, and for another source %v; want true, false", source, code, c.rule.fits(source, code), c.rule.fits((source+1)%sources, code))
					}
				}
				for _, code := range c.no {
					if c.rule.fits(source, code) {
						t.Errorf("source %d, %+v: got a rule that fits, want none", source, code)
					}
				}
			}
		})
	}
	t.Run("K9 the first rule that fits counts, the built-in ones last", func(t *testing.T) {
		rules := []Rule{{Source: OfClose, From: 4000, To: 4400, Class: ClassBusy}, {Source: OfClose, From: 4000, To: 4999, Class: ClassReplaced}}
		for code, want := range map[int]Class{4399: ClassBusy, 4401: ClassReplaced, 1013: ClassBusy, 1000: ClassNetwork} {
			if got, _ := class(rules, OfClose, Code{Number: code}); got != want {
				t.Errorf("code %d: got %v, want %v", code, got, want)
			}
		}
	})
	t.Run("K9 each class has its name", func(t *testing.T) {
		for class, want := range map[Class]string{ClassNetwork: "network", ClassExpired: "expired", ClassRejected: "rejected", ClassReplaced: "replaced", ClassBusy: "busy"} {
			if got := class.String(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}
