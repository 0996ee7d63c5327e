package configfile_test

import (
	"context"
	"fmt"
	"log"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/connector/connectortest"
)

// A session that a file describes. A program would read it by configfile.Load.
func Example() {
	backend, err := connectortest.Start(connectortest.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	file, err := configfile.Parse("chat.yaml", []byte(`
http:
  base: `+backend.URL()+`
  login: {url: /login, body: {name: ann, password: "{{credentials/password}}"}}
  refresh: {url: /refresh}
sockets:
  - id: chat
    url: /ws
    auth: {send: {auth: {token: "{{token}}"}}}
    messageID: {request: /id}
    error: /error
`), configfile.Options{})
	if err != nil {
		log.Fatal(err) // with the line and the field of each fault
	}
	config, err := file.Config()
	if err != nil {
		log.Fatal(err)
	}
	client, err := connector.New(config) // which may be changed before, as any other
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	if err := session.Login(context.Background(), configfile.Credentials{"password": "secret"}); err != nil {
		log.Fatal(err)
	}
	chat, err := connector.On[configfile.Message, configfile.Message](session, "chat")
	if err != nil {
		log.Fatal(err)
	}
	hello, err := configfile.MakeMessage(map[string]any{"echo": map[string]string{"text": "hello"}})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := chat.Request(context.Background(), hello)
	text, _ := answer.At("/echo/text")
	fmt.Println(text, err, session.Logout(context.Background()))
	// Output: hello <nil> <nil>
}
