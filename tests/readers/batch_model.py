"""A job definition on stdin -> what AWS's own model of Batch (botocore's) has against it, a line each."""

import json
import sys

import botocore.session
import botocore.validate

model = botocore.session.get_session().get_service_model("batch")
shape = model.operation_model("RegisterJobDefinition").input_shape
given = json.load(sys.stdin)
report = botocore.validate.ParamValidator().validate(given, shape)
if report.has_errors():
    print(report.generate_report())
