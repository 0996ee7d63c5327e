package inspect

import (
	_ "embed"
	"html/template"
	"time"
)

//go:embed page.html
var pageText string

// pages are the page of all sessions and that of one.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Format("15:04:05") },
	"less":  func(a, b int) int { return a - b },
}).Parse(pageText))
