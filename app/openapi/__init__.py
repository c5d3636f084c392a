"""The description of the API (OpenAPI): what every operation takes, answers, refuses and demands.

`document` puts it together, `tags` names the groups of operations, `security` tells of the policies, `refusals` of the
problem documents, and `downgrade` writes the same in the older OpenAPI 3.0 that OGC API clients read.
"""
