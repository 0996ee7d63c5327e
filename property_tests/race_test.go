//go:build race

package propertytests

const underRace = true
