package errcode_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/custom-app/interlock/authhttp/errcode"
)

func ExampleOf() {
	ctx, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	for _, err := range []error{
		fmt.Errorf("load the menu: %w", ctx.Err()),
		&errcode.Error{Code: errcode.FromStatus(503), Peer: true, Op: "GET /menu"},
		errors.New("no idea"),
	} {
		fmt.Println(errcode.Of(err), errcode.SaidByPeer(err))
	}
	// Output:
	// timeout false
	// service_unavailable true
	// unhandled false
}

func ExampleTexts() {
	var texts errcode.Texts
	fmt.Println(texts.Text("ru-RU", context.Canceled))
	fmt.Println(texts.Text("de", context.Canceled))
	// Output:
	// Действие отменено.
	// The action was cancelled.
}

// A backend has codes of its own.
func ExampleTexts_With() {
	texts := errcode.Shipped().
		With("en", map[errcode.Code]string{"no_tables": "All tables are taken."}).
		With("ru", map[errcode.Code]string{"no_tables": "Все столики заняты."})
	err := &errcode.Error{Code: "no_tables", Peer: true}
	fmt.Println(texts.Text("ru", err))
	fmt.Println(texts.Text("fr", err))
	// Output:
	// Все столики заняты.
	// All tables are taken.
}

func ExampleReporter() {
	reporter := &errcode.Reporter{
		Ignore: []errcode.Code{errcode.Cancelled},
		Report: func(_ context.Context, r errcode.Report) { fmt.Println(r.Code, r.Op, r.URL) },
	}
	ctx := context.Background()
	reporter.Tell(ctx, errcode.Report{Op: "GET /menu", Err: context.Canceled})
	reporter.Tell(ctx, errcode.Report{Op: "GET /menu", URL: "https://a.test/menu?key=1", Err: context.DeadlineExceeded})
	// Output: timeout GET /menu https://a.test/menu
}
