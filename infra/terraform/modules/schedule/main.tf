# Timed work of functions that run on Lambda: a schedule for each task calls the
# function with {"task":"<name>"}. EventBridge calls once a minute at most, which is
# often enough for all of it; a call that fails is tried again, and one that is missed is made up
# for by the next: a round does what is due by then.

resource "aws_scheduler_schedule_group" "tasks" {
  name = "gatepost-${var.deployment}"
}

resource "aws_scheduler_schedule" "task" {
  for_each   = var.tasks
  name       = each.key
  group_name = aws_scheduler_schedule_group.tasks.name

  schedule_expression = each.value == 1 ? "rate(1 minute)" : "rate(${each.value} minutes)"
  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.function_arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ task = each.key })
    retry_policy {
      maximum_event_age_in_seconds = 300
      maximum_retry_attempts       = 2
    }
  }
}

# What fails is in the function's records of its tasks; the platform need not try it again on its own.
resource "aws_lambda_function_event_invoke_config" "tasks" {
  function_name                = var.function_arn
  maximum_event_age_in_seconds = 300
  maximum_retry_attempts       = 0
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "invoke" {
  statement {
    actions   = ["lambda:InvokeFunction"]
    resources = [var.function_arn]
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "gatepost-${var.deployment}-schedule"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "invoke" {
  name   = "invoke"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.invoke.json
}
