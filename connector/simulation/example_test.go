package simulation_test

import (
	"fmt"
	"time"

	"github.com/custom-app/interlock/connector/simulation"
)

func ExampleRun() {
	run := simulation.Run{Seed: 7, For: 6 * time.Hour}
	report := run.Do()
	if err := report.Err(); err != nil {
		fmt.Println(err, run.Shrink(report, 200).Acts)
	}
	fmt.Println(report.Figures.Requests == report.Figures.Settled, report.Figures.Faults > 10)
	// Output: true true
}

func ExampleRun_acts() {
	report := simulation.Run{Acts: []simulation.Act{
		{At: time.Second, Do: "login", Seed: 1},
		{At: time.Minute, Do: "breakNetwork", Seed: 2},
		{At: time.Hour, Do: "heal"},
		{At: 2 * time.Hour, Do: "deadLogout"},
	}}.Do()
	fmt.Println(report.Err(), report.Figures.Recoveries)
	// Output: <nil> 1
}
