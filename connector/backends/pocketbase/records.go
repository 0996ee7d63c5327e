package pocketbase

import (
	"fmt"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

// fill makes the records, and sets how long tokens of users live.
func (s *Server) fill(life time.Duration) error {
	for _, one := range []struct {
		collection string
		emails     []string
	}{{core.CollectionNameSuperusers, []string{Root}}, {"users", []string{Ann, Bob}}} {
		collection, err := s.app.FindCollectionByNameOrId(one.collection)
		if err != nil {
			return fmt.Errorf("interlock: pocketbase: %s: %w", one.collection, err)
		}
		collection.AuthAlert.Enabled = false // there is nobody to send letters
		if life != 0 && one.collection == "users" {
			collection.AuthToken.Duration = int64(life / time.Second)
		}
		if err := s.app.SaveNoValidate(collection); err != nil {
			return fmt.Errorf("interlock: pocketbase: %s: %w", one.collection, err)
		}
		for _, email := range one.emails {
			record := core.NewRecord(collection)
			record.SetEmail(email)
			record.SetPassword(Password)
			record.SetVerified(true)
			if err := s.app.Save(record); err != nil {
				return fmt.Errorf("interlock: pocketbase: %s: %w", email, err)
			}
		}
	}
	return nil
}

// user finds one of users.
func (s *Server) user(email string) (*core.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.app == nil {
		return nil, fmt.Errorf("interlock: pocketbase: %s: the server is stopped", email)
	}
	record, err := s.app.FindAuthRecordByEmail("users", email)
	if err != nil {
		return nil, fmt.Errorf("interlock: pocketbase: %s: %w", email, err)
	}
	return record, nil
}

// ID is the id that PocketBase has given to one of users.
func (s *Server) ID(email string) (string, error) {
	record, err := s.user(email)
	if err != nil {
		return "", err
	}
	return record.Id, nil
}

// SetPassword gives one of users another password, which ends the life of all
// tokens that the user has.
func (s *Server) SetPassword(email, password string) error {
	record, err := s.user(email)
	if err != nil {
		return err
	}
	record.SetPassword(password)
	if err := s.app.Save(record); err != nil {
		return fmt.Errorf("interlock: pocketbase: %s: %w", email, err)
	}
	return nil
}

// Push sends {"push": value} to every socket that one of users has authenticated.
func (s *Server) Push(email string, value any) error {
	record, err := s.user(email)
	if err != nil {
		return err
	}
	s.room.push(record.Id, value)
	return nil
}
