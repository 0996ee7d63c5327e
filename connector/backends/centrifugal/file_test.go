package centrifugal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/centrifugal"
	"github.com/custom-app/interlock/connector/backends/scenario"
	"github.com/custom-app/interlock/connector/configfile"
)

// filed is a session whose config is made of the config file.
type filed struct {
	ctx     context.Context
	server  *centrifugal.Server
	session *connector.Session[configfile.Credentials, configfile.User]
	node    *connector.Socket[configfile.Message, configfile.Message]
}

func newFiled(t *testing.T, c centrifugal.Config, floor time.Duration) *filed {
	t.Helper()
	t.Parallel()
	server, err := centrifugal.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
	})
	variables := server.Variables()
	variables["USER_NAME"], variables["PASSWORD"] = server.Account().Name, server.Account().Password
	file, err := configfile.Load("../../../cmd/interlock/testdata/backends/centrifuge.yaml", configfile.Options{
		Env: func(name string) (string, bool) { value, ok := variables[name]; return value, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	config, err := file.Config()
	if err != nil {
		t.Fatal(err)
	}
	config.RefreshFloor = floor
	client, err := connector.New(config)
	if err != nil {
		t.Fatal(err)
	}
	f := &filed{server: server, session: client.NewSession()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	f.ctx = ctx
	t.Cleanup(func() {
		if err := f.session.Close(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if f.node, err = connector.On[configfile.Message, configfile.Message](f.session, "node"); err != nil {
		t.Fatal(err)
	}
	return f
}

// adopt has the session go on with an access token that the login has not given.
func (f *filed) adopt(t *testing.T, access string) error {
	t.Helper()
	service := authhttp.JSON[scenario.Account, any]{LoginURL: f.server.URL() + "/login", RefreshURL: f.server.URL() + "/refresh"}
	grant, err := service.Login(f.ctx, f.server.Account())
	if err != nil {
		t.Fatal(err)
	}
	grant.Pair.Access = authhttp.Secret(access)
	return f.session.Adopt(f.ctx, grant)
}

// TestConfigFile is what the scenarios do not see of the file: pings, and its rules.
func TestConfigFile(t *testing.T) {
	t.Run("K10 the server's pings are answered", func(t *testing.T) {
		f := newFiled(t, centrifugal.Config{Ping: 1500 * time.Millisecond, Pong: 1400 * time.Millisecond}, 0)
		all := f.node.All(0)
		if err := f.session.Login(f.ctx, nil); err != nil {
			t.Fatal(err)
		}
		for pings := 0; pings < 3; { // at the third one, the first is answered
			inbound, ok := all.Next(f.ctx)
			if !ok {
				t.Fatalf("got %d pings, want 3", pings)
			}
			if text, err := inbound.Message.MarshalJSON(); err == nil && string(text) == "{}" {
				pings++
			}
		}
		if got := f.server.Counts(); got.Opened != 1 || got.Open != 1 {
			t.Errorf("got %+v, want the one socket open", got)
		}
	})
	t.Run("K11 a newer token goes on the connection", func(t *testing.T) {
		f := newFiled(t, centrifugal.Config{Life: 3 * time.Second}, 500*time.Millisecond)
		if err := f.session.Login(f.ctx, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.server.Await(f.ctx, "four refreshes", func(scenario.Counts) bool { return f.server.Said("refresh") >= 4 }); err != nil {
			t.Fatal(err)
		}
		if connects, subscribes := f.server.Said("connect"), f.server.Said("subscribe"); connects != 1 || subscribes != 1 {
			t.Errorf("got %d connects and %d subscribes, want one of each", connects, subscribes)
		}
	})
	t.Run("K9 an expired token, 109, is refreshed", func(t *testing.T) {
		f := newFiled(t, centrifugal.Config{}, 0)
		expired, err := f.server.Accounts.Token(f.server.Account().Name, -time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.adopt(t, expired); err != nil {
			t.Errorf("got %v, want ready", err)
		}
		if got := f.server.Counts(); got.Refreshes != 1 || f.server.Said("connect") != 2 {
			t.Errorf("got %+v and %d connects, want one refresh and two", got, f.server.Said("connect"))
		}
	})
	for _, c := range closes {
		t.Run(fmt.Sprintf("K9 a close with %d", c.code), func(t *testing.T) {
			f := newFiled(t, centrifugal.Config{}, 0)
			if err := f.session.Login(f.ctx, nil); err != nil {
				t.Fatal(err)
			}
			changes := f.session.Changes(0)
			if err := f.server.Disconnect(f.server.Account().Name, c.code); err != nil {
				t.Fatal(err)
			}
			wantHeeded(t, f.ctx, changes, c.want)
		})
	}
	t.Run("K9 an invalid token, 3500, is final", func(t *testing.T) {
		f := newFiled(t, centrifugal.Config{}, 0)
		if err := f.adopt(t, "not.a.token"); !errors.Is(err, connector.ErrSocketFailed) {
			t.Errorf("got %v, want %v", err, connector.ErrSocketFailed)
		}
		if got := f.server.Counts(); got.Refreshes != 0 || got.Opened != 1 {
			t.Errorf("got %+v, want no refresh and no other socket", got)
		}
	})
}
