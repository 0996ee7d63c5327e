package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/transitions"
)

// A core that is driven by hand records itself too. Its journal is replayed, and
// then a state in it is forged.
func Example() {
	var text bytes.Buffer
	to := journal.NewWriter(&text, transitions.Shipped).Session(1, journal.Plan{})
	core, err := transitions.Shipped.New(transitions.Plan{})
	if err != nil {
		log.Fatal(err)
	}
	for _, in := range []transitions.Input{
		{To: transitions.SessionKind, On: uint8(transitions.SessionLoginRequested), Arg: 1},
		{To: transitions.LoginKind, On: uint8(transitions.LoginGateOpened), Gen: 1},
	} {
		outputs, refused := core.Post(in)
		if err := to.Post(in, outputs, refused); err != nil {
			log.Fatal(err)
		}
	}

	got, err := journal.Replay(bytes.NewReader(text.Bytes()), nil)
	fmt.Println(got.Records, err)

	forged := bytes.Replace(text.Bytes(), []byte(`"to":"requesting"`), []byte(`"to":"loading"`), 1)
	_, err = journal.Replay(bytes.NewReader(forged), nil)
	var fault *journal.Error
	fmt.Println(errors.As(err, &fault), fault.Line, fault.Record)
	// Output:
	// 2 <nil>
	// true 3 2
}
