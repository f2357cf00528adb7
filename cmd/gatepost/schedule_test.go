package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestPlatformSchedule holds that on Lambda every task is done that serve does, as often where it is minutes.
func TestPlatformSchedule(t *testing.T) {
	text, err := os.ReadFile("../../infra/terraform/modules/schedule/variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	var there, want []string
	for _, m := range regexp.MustCompile(`(?m)^    (\w+) += (\d+)$`).FindAllStringSubmatch(string(text), -1) {
		there = append(there, m[1]+" "+m[2])
	}
	for _, task := range newControlPlane(nil, nil, controlOptions{}).tasks() {
		want = append(want, fmt.Sprint(task.Name, " ", max(1, int(task.Every.Minutes()))))
	}
	slices.Sort(want)
	if !slices.Equal(there, want) {
		t.Errorf("the schedule has %q,\nserve does %q", there, want)
	}
}
