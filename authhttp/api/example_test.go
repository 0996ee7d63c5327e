package api_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/custom-app/interlock/authhttp/api"
	"github.com/custom-app/interlock/authhttp/errcode"
)

func ExampleDo() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Path != "/dishes/7" {
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"error":{"code":"sold_out","text":"The tea is sold out"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":7,"name":"Tea"}`)
	}))
	defer server.Close()

	type price struct {
		Cents int `json:"cents"`
	}
	type dish struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	menu := &api.API{Base: server.URL, Client: server.Client()}
	if err := menu.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	tea, err := api.Do[dish](ctx, menu, http.MethodPatch, "/dishes/7", price{250})
	fmt.Println(tea.Name, err)

	_, err = api.Post[api.None](ctx, menu, "/orders?table=4", []int{7})
	fmt.Println(err)
	fmt.Println(errcode.Of(err), errcode.SaidByPeer(err))
	// Output:
	// Tea <nil>
	// interlock: POST /orders: sold_out (status 409)
	// sold_out true
}

func ExampleDownload() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="../menu.txt"`)
		_, _ = io.WriteString(w, "Soup, Tea")
	}))
	defer server.Close()

	menu := &api.API{Base: server.URL, Client: server.Client()}
	file, err := api.Download(context.Background(), menu, http.MethodGet, "/menu", api.None{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = file.Body.Close() }()
	text, err := io.ReadAll(file.Body)
	fmt.Println(file.Name, file.Size, string(text), err)
	// Output: menu.txt 9 Soup, Tea <nil>
}
