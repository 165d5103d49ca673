// Package drill makes storms of alerts and judges what an Alertmanager makes of them: how many notifications people
// get, whether the cause is among them and when, and whether each went to its owner.
//
// A storm follows from the ledger: a cause is a rule that others name in inhibited_by, its symptoms are those others,
// at the same place. A seed makes the same storm again. Nothing is sent here: Generate says what fires when, Configure
// makes a configuration that notifies only the drill, and Judge is given what arrived.
package drill
