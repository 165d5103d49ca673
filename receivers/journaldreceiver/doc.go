// Package journaldreceiver reads the systemd journal through journalctl, which
// knows every version of the journal's format and its permissions. The cursor is
// kept after delivery, so that no entry is lost and a restart continues where the
// last one ended. Where there is no journalctl the receiver does nothing.
package journaldreceiver
