package fsm_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/custom-app/interlock/fsm"
)

func TestMailboxRunsToCompletion(t *testing.T) {
	var mailbox fsm.Mailbox[int]
	var ran []int
	var run func(int)
	run = func(n int) {
		if n < 3 {
			mailbox.Lock()
			mailbox.Put(n+10, n+20)
			mailbox.Drain(run) // this very drain is at it: nothing runs here
		}
		ran = append(ran, n)
	}
	mailbox.Lock()
	mailbox.Put(1, 2)
	mailbox.Put()
	mailbox.Put(3)
	mailbox.Drain(run)
	if want := []int{1, 2, 3, 11, 21, 12, 22}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

func TestMailboxUnlockRunsNothing(t *testing.T) {
	var mailbox fsm.Mailbox[int]
	var ran []int
	run := func(n int) { ran = append(ran, n) }
	mailbox.Lock()
	mailbox.Drain(run)
	mailbox.Lock()
	mailbox.Put(1)
	mailbox.Unlock()
	if len(ran) != 0 {
		t.Errorf("ran %v, want nothing", ran)
	}
	mailbox.Lock()
	mailbox.Put(2)
	mailbox.Drain(run)
	if want := []int{1, 2}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

func TestMailboxPanicLosesNothing(t *testing.T) {
	var mailbox fsm.Mailbox[int]
	var ran []int
	run := func(n int) {
		if n == 2 {
			mailbox.Lock()
			mailbox.Put(9)
			mailbox.Unlock()
			panic("two")
		}
		ran = append(ran, n)
	}
	mailbox.Lock()
	mailbox.Put(1, 2, 3, 4)
	if got := panicOf(func() { mailbox.Drain(run) }); got != "two" {
		t.Fatalf("got panic %v, want two", got)
	}
	mailbox.Lock()
	mailbox.Put(5)
	mailbox.Drain(run)
	if want := []int{1, 3, 4, 9, 5}; !slices.Equal(ran, want) {
		t.Errorf("ran %v, want %v", ran, want)
	}
}

func TestMailboxKeepsTheOrderOfEachPoster(t *testing.T) {
	const posters, each = 8, 200
	type letter struct{ poster, number int }
	var mailbox fsm.Mailbox[letter]
	var ran []letter
	var posting sync.WaitGroup
	for poster := range posters {
		posting.Go(func() {
			for number := range each {
				mailbox.Lock()
				mailbox.Put(letter{poster, number})
				mailbox.Drain(func(l letter) { ran = append(ran, l) })
			}
		})
	}
	posting.Wait()
	next := [posters]int{}
	for _, l := range ran {
		if l.number != next[l.poster] {
			t.Fatalf("poster %d: got number %d, want %d", l.poster, l.number, next[l.poster])
		}
		next[l.poster]++
	}
	if len(ran) != posters*each {
		t.Errorf("ran %d, want %d", len(ran), posters*each)
	}
}
