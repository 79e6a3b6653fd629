"""The whole system on one machine: embedded servers, provider sandbox, web, worker and clock."""
