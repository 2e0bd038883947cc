"""Networks: functions that take sizes and return modules. They know no game."""
