// Package e2e tests the portal as people use it: the real program, in a real
// Chromium, over HTTP. There is nothing in it but tests.
//
// A tab checks every page that it comes to, see check: a page that scrolls
// sideways on a phone fails the test that happened to pass by.
package e2e
