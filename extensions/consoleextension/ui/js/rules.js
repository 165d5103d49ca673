// Rules: the alert ledger of this agent.

export const enter = ({ title }) => title("Rules");
