package pocketbase

import (
	"fmt"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// Password is that of every record at first.
const Password = "correct-horse"

// What records log in as, with their passwords.
const (
	Root = "root@example.com" // of the collection _superusers
	Ann  = "ann@example.com"  // of users
	Bob  = "bob@example.com"  // of users
)

// fill makes the records.
func fill(app core.App, life time.Duration) error {
	for _, one := range []struct {
		collection string
		life       time.Duration
		emails     []string
	}{{core.CollectionNameSuperusers, 0, []string{Root}}, {"users", life, []string{Ann, Bob}}} {
		collection, err := app.FindCollectionByNameOrId(one.collection)
		if err != nil {
			return fmt.Errorf("interlock: pocketbase: %s: %w", one.collection, err)
		}
		collection.AuthAlert.Enabled = false // there is nobody to send a letter
		if one.life != 0 {
			collection.AuthToken.Duration = int64(one.life / time.Second)
		}
		if err := app.Save(collection); err != nil {
			return fmt.Errorf("interlock: pocketbase: %s: %w", one.collection, err)
		}
		for _, email := range one.emails {
			record := core.NewRecord(collection)
			record.SetEmail(email)
			record.SetPassword(Password)
			if err := app.Save(record); err != nil {
				return fmt.Errorf("interlock: pocketbase: %s: %w", email, err)
			}
		}
	}
	return nil
}

// user finds one of users.
func user(app core.App, email string) (*core.Record, error) {
	record, err := app.FindAuthRecordByEmail("users", email)
	if err != nil {
		return nil, fmt.Errorf("interlock: pocketbase: %s: %w", email, err)
	}
	return record, nil
}

// ID is the id that PocketBase has given to one of users.
func (s *Server) ID(email string) (string, error) {
	app, _ := s.current()
	record, err := user(app, email)
	if err != nil {
		return "", err
	}
	return record.Id, nil
}

// SetPassword gives one of users another password, which ends all tokens of the user,
// and closes the user's sockets.
func (s *Server) SetPassword(email, password string) error {
	app, _ := s.current()
	record, err := user(app, email)
	if err != nil {
		return err
	}
	record.SetPassword(password)
	if err := app.Save(record); err != nil {
		return fmt.Errorf("interlock: pocketbase: %s: %w", email, err)
	}
	return nil
}
