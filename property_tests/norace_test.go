//go:build !race

package propertytests

const underRace = false
