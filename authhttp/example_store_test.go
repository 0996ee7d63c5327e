package authhttp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/zalando/go-keyring"
)

// What a program keeps when it ends, and finds when it starts again.
func ExampleFileStore() {
	dir, err := os.MkdirTemp("", "interlock")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, ctx := authhttp.FileStore{Dir: dir}, context.Background()

	kept := authhttp.Stored{
		Pair:     authhttp.Pair{Access: "A", Refresh: "R", Life: time.Hour},
		Received: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	if err := store.Save(ctx, "ann", kept.Encode("ann")); err != nil {
		fmt.Println(err)
		return
	}

	for _, account := range []string{"ann", "bob"} {
		content, err := store.Load(ctx, account)
		switch {
		case errors.Is(err, authhttp.ErrNothingStored):
			fmt.Println(account, "has to log in")
			continue
		case err != nil:
			fmt.Println(err)
			continue
		}
		found, err := authhttp.DecodeStored(account, content)
		fmt.Println(account, "goes on until", found.Received.Add(found.Pair.Life).Format(time.TimeOnly), err)
	}
	// Output:
	// ann goes on until 04:04:05 <nil>
	// bob has to log in
}

// keyringStore keeps the texts in the keyring of the operating system. Some
// take less than 256 KiB: that of Windows 2560 bytes, that of macOS about 3000.
type keyringStore struct{ service string }

var _ authhttp.Store = keyringStore{}

func (k keyringStore) Load(ctx context.Context, account string) (authhttp.Secret, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	content, err := keyring.Get(k.service, account)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", authhttp.ErrNothingStored
	}
	return authhttp.Secret(content), err
}

func (k keyringStore) Save(ctx context.Context, account string, content authhttp.Secret) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return keyring.Set(k.service, account, content.Reveal())
}

func (k keyringStore) Drop(ctx context.Context, account string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := keyring.Delete(k.service, account)
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	return err
}

// A keyring becomes a Store in a few lines.
func ExampleStore_keyring() {
	keyring.MockInit() // in a program, leave this out
	var store authhttp.Store = keyringStore{"my-program"}
	ctx := context.Background()

	kept := authhttp.Stored{Pair: authhttp.Pair{Access: "A", Refresh: "R"}}
	fmt.Println(store.Save(ctx, "ann", kept.Encode("ann")))

	content, err := store.Load(ctx, "ann")
	fmt.Println(content, err)
	found, err := authhttp.DecodeStored("ann", content)
	fmt.Println(found == kept, err)

	fmt.Println(store.Drop(ctx, "ann"), store.Drop(ctx, "ann"))
	_, err = store.Load(ctx, "ann")
	fmt.Println(err)
	// Output:
	// <nil>
	// [secret] <nil>
	// true <nil>
	// <nil> <nil>
	// interlock: store: nothing stored
}
