// Package ticketexporter opens, updates and closes tickets with incidents: in GitHub,
// GitLab, Jira, ServiceNow, Slack, PagerDuty, or anything that takes a webhook.
package ticketexporter
