package configfile_test

import "testing"

func TestCheckHTTP(t *testing.T) {
	runFaults(t, []faultCase{
		{"base without a scheme", "http: {base: example.com, login: {url: login}}\n", []string{"x.yaml:1: http.base: is no http:// or https:// with a host; write something like https://example.com"}},
		{"base with a user", "http: {base: \"https://ann@example.com\", login: {url: login}}\n", []string{"x.yaml:1: http.base: holds a user; write that into the body or the headers of http.login"}},
		{"base with a query", "http: {base: \"https://example.com?a=b\", login: {url: login}}\n", []string{"x.yaml:1: http.base: has a ? or # part, which no URL that is relative to it has; leave it out"}},
		{"base with a fragment", "http: {base: \"https://example.com#a\", login: {url: login}}\n", []string{"x.yaml:1: http.base: has a ? or # part, which no URL that is relative to it has; leave it out"}},
		{"base in clear", "http: {base: \"http://example.com\", login: {url: login}}\n", []string{"x.yaml:1: http.base: sends secrets in clear to a host other than loopback; write https://, or http.allowPlain: true"}},
		{"base in clear allowed", "http: {allowPlain: true, base: \"http://example.com\", login: {url: login}}\n", nil},
		{"base on loopback", "http: {base: \"http://127.0.0.1:80\", login: {url: login}}\n", nil},
		{"relative to nothing", "http: {login: {url: /login}}\n", []string{"x.yaml:1: http.login.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base"}},
		{"another scheme", "http: {login: {url: ftp://example.com/a}}\n", []string{"x.yaml:1: http.login.url: begins with another scheme than http:// and https://; write https://"}},
		{"no URL", "http: {login: {url: \"https://[\"}}\n", []string{"x.yaml:1: http.login.url: is no URL; write something like https://example.com/path"}},
		{"no URL of base", "http: {base: \"https://a.example\", login: {url: \"/a%zz\"}}\n", []string{"x.yaml:1: http.login.url: is no URL; write something like https://example.com/path"}},
		{"no URL behind a placeholder", "http: {base: \"https://a.example\", login: {url: \"/a/{{credentials/name}}%zz\"}}\n", []string{"x.yaml:1: http.login.url: is no URL; write something like https://example.com/path"}},
		{"URL in a path", "http: {base: \"https://example.com\", login: {url: \"/login?next=https://example.com/a\"}}\n", nil},
		{"placeholder for a host", "http: {login: {url: \"https://{{credentials/host}}/a\"}}\n", []string{"x.yaml:1: http.login.url: has a placeholder before its path; write the scheme and the host themselves"}},
		{"placeholder for a URL", "http: {login: {url: \"{{credentials/url}}\"}}\n", []string{"x.yaml:1: http.login.url: has a placeholder before its path; write the scheme and the host themselves"}},
		{"placeholder in a path", "http: {login: {url: \"http://example.com/{{credentials/name}}\"}}\n", []string{"x.yaml:1: http.login.url: sends secrets in clear to a host other than loopback; write https://, or http.allowPlain: true"}},
		{"each call", "http: {login: {url: a}, refresh: {url: a}, loginAs: {url: a}, logout: {url: a}, logoutEverywhere: {url: a}, user: {url: a}}\n", []string{
			"x.yaml:1: http.login.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base",
			"x.yaml:1: http.refresh.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base",
			"x.yaml:1: http.loginAs.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base",
			"x.yaml:1: http.logout.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base",
			"x.yaml:1: http.logoutEverywhere.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base",
			"x.yaml:1: http.user.url: is relative, and there is no http.base to which; write https://HOST/PATH, or http.base",
		}},
		{"method in small letters", "http: {login: {url: https://example.com/a, method: put}}\n", []string{"x.yaml:1: http.login.method: is no method of HTTP; write capitals such as POST, PUT or GET"}},
		{"method", "http: {login: {url: https://example.com/a, method: P T}}\n", []string{"x.yaml:1: http.login.method: is no method of HTTP; write capitals such as POST, PUT or GET"}},
		{"headers", "http:\n  headers: {A B: x}\n  login: {url: https://example.com/a, headers: {X: \"a\\nb\", Y: ä}}\n", []string{
			`x.yaml:2: http.headers["A B"]: is no name of a header; write letters, digits and - such as X-Client`,
			"x.yaml:3: http.login.headers.X: has signs that no header can hold; write ASCII without line breaks",
			"x.yaml:3: http.login.headers.Y: has signs that no header can hold; write ASCII without line breaks",
		}},
		{"header of the token", "http:\n  token: {header: X Token, format: Bearer}\n  login: {url: https://example.com/a}\n", []string{
			"x.yaml:2: http.token.header: is no name of a header; write letters, digits and - such as X-Token",
			"x.yaml:2: http.token.format: has no place for the token; write something like Bearer {{token}}",
		}},
		{"origins", "http:\n  origins: [https://a.example, example.com, https://a.example/b]\n  login: {url: https://example.com/a}\n", []string{
			"x.yaml:2: http.origins[1]: is no scheme and host; write something like https://example.com",
			"x.yaml:2: http.origins[2]: is no scheme and host; write something like https://example.com",
		}},
		{"patterns", "http:\n  excludePattern: [a, (]\n  login: {url: https://example.com/a}\n", []string{"x.yaml:2: http.excludePattern[1]: is no regular expression (RE2); write one such as /public/.*"}},
		{"a home", login + "store: {dir: ~/.tokens}\n", []string{"x.yaml:2: store.dir: begins with ~, which stands for no home here; write ${HOME}/ and the rest"}},
		{"retry", login + "retry: {floor: 1m}\n", []string{"x.yaml:2: retry: floor is 1m0s, more than cap, 30s; write a greater cap"}},
	})
}

func TestCheckSockets(t *testing.T) {
	one := func(fields string) string {
		return login + "sockets:\n  - {id: a, url: wss://example.com/a}\n  - {id: b, url: wss://example.com/b, " + fields + "}\n"
	}
	url := func(url string) string { return login + "sockets: [{id: a, url: \"" + url + "\"}]\n" }
	const awaits = "awaits an answer, and nothing says which message that is; write answer: {/type: NAME}, or noAnswer: true, or messageID for the socket"
	runFaults(t, []faultCase{
		{"ids", login + "sockets:\n  - {id: a, url: wss://example.com/a}\n  - {id: a, url: wss://example.com/b}\n",
			[]string{"x.yaml:4: sockets[1].id: is that of sockets[0] too, in line 3; give each socket an id of its own"}},
		{"gap of groups", one("group: 3"), []string{"x.yaml:4: sockets[1].group: is 3, and no socket is of group 2; number the groups from 1 without a gap"}},
		{"groups", one("group: 2"), nil},
		{"relative to nothing", url("/ws"), []string{"x.yaml:2: sockets[0].url: is relative, and there is no http.base to which; write wss://HOST/PATH, or http.base"}},
		{"another scheme", url("https://example.com/ws"), []string{"x.yaml:2: sockets[0].url: begins with another scheme than ws:// and wss://; write wss://"}},
		{"in clear", url("ws://example.com/ws"), []string{"x.yaml:2: sockets[0].url: sends secrets in clear to a host other than loopback; write wss://, or http.allowPlain: true"}},
		{"user", url("wss://ann:x@example.com/ws"), []string{"x.yaml:2: sockets[0].url: holds a user; write that into headers or auth"}},
		{"fragment", url("wss://example.com/ws#a"), []string{"x.yaml:2: sockets[0].url: has a # part, which no server gets; leave it out"}},
		{"fragment of a relative URL", "http: {base: \"https://a.example\", login: {url: /a}}\nsockets: [{id: a, url: \"/ws#a\"}]\n", []string{"x.yaml:2: sockets[0].url: has a # part, which no server gets; leave it out"}},
		{"fragment behind a placeholder", url("wss://example.com/ws?a={{token}}#a"), []string{"x.yaml:2: sockets[0].url: has a # part, which no server gets; leave it out"}},
		{"no URL behind a placeholder", url("wss://example.com/{{token}}%zz"), []string{"x.yaml:2: sockets[0].url: is no URL; write something like wss://example.com/path"}},
		{"placeholder in a query", url("wss://example.com/ws?token={{token}}"), nil},
		{"placeholder for a host", url("wss://{{user/host}}/ws"), []string{"x.yaml:2: sockets[0].url: has a placeholder before its path; write the scheme and the host themselves"}},
		{"headers", one("headers: {A B: x}"), []string{`x.yaml:4: sockets[1].headers["A B"]: is no name of a header; write letters, digits and - such as X-Client`}},
		{"headers of the upgrade", one("headers: {connection: x, Sec-WebSocket-Protocol: v1, Origin: x}"), []string{
			"x.yaml:4: sockets[1].headers.Sec-WebSocket-Protocol: is set by the upgrade itself; write subprotocols: [NAME] for the socket",
			"x.yaml:4: sockets[1].headers.connection: is set by the upgrade itself; leave it out",
		}},
		{"id without a place in requests", one("messageID: {answer: /id}"), []string{"x.yaml:4: sockets[1].messageID.request: is missing; write where the id is in a request, such as request: /id"}},
		{"renew of a public socket", one("public: true, renew: {send: {}, noAnswer: true}"), []string{"x.yaml:4: sockets[1].renew: offers a token, and the socket is public and has none; leave out one of the two"}},
		{"an answer by an id that is not sent", one("messageID: {request: /id}, auth: {send: {}, noID: true}"), []string{"x.yaml:4: sockets[1].auth: " + awaits}},
		{"answers that nothing finds", one("auth: {send: {}}, renew: {send: {}}, subscribe: [{send: {}}]"), []string{
			"x.yaml:4: sockets[1].auth: " + awaits, "x.yaml:4: sockets[1].renew: " + awaits, "x.yaml:4: sockets[1].subscribe[0]: " + awaits,
		}},
		{"answers by id", one("messageID: {request: /id}, auth: {send: {}}"), nil},
		{"answers by a match", one("auth: {send: {}, answer: /ok}"), nil},
		{"answers by the match of all", one("answer: /ok, auth: {send: {}}"), nil},
		{"what an absent answer is like", one("auth: {send: {}, noAnswer: true, accept: /ok, answer: /ok, recovered: /ok}"), []string{
			"x.yaml:4: sockets[1].auth.accept: is about the answer, and noAnswer says that there is none; leave out one of the two",
			"x.yaml:4: sockets[1].auth.answer: is about the answer, and noAnswer says that there is none; leave out one of the two",
			"x.yaml:4: sockets[1].auth.recovered: is about the answer, and noAnswer says that there is none; leave out one of the two",
		}},
		{"rule for nothing", one("rules: [{means: busy}]"), []string{"x.yaml:4: sockets[1].rules[0]: does not say what it is for; write one of close, status and message, such as close: 4401"}},
		{"rule for two", one("rules: [{close: 4401, status: 401, means: expired}]"), []string{"x.yaml:4: sockets[1].rules[0]: has close and status; write a rule for each"}},
		{"reason of a status", one("rules: [{status: 401, reason: a, means: expired}]"), []string{"x.yaml:4: sockets[1].rules[0].reason: is of close frames; write close too, such as close: 4401, or leave it out"}},
		{"text of a message without its place", one("code: {number: /n}, rules: [{message: a, means: expired}]"), []string{"x.yaml:4: sockets[1].rules[0].message: is a text, and nothing says where in a message that is; write code: {text: /error/code} for the socket"}},
		{"number of a message without its place", one("code: {text: /n}, rules: [{message: 5, means: expired}]"), []string{"x.yaml:4: sockets[1].rules[0].message: is a number, and nothing says where in a message that is; write code: {number: /error/code} for the socket"}},
		{"buffer of nothing", one("buffer: {none: true, count: 5}"), []string{"x.yaml:4: sockets[1].buffer: has none: true, and bounds of what waits; leave out one of the two"}},
	})
}
