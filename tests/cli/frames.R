# Tries read.R on a run that lies beside it: Rscript tests/cli/frames.R FOLDER.
folder <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(folder, "read.R"))
for (table in c("messages", "attempts", "queues", "hosts")) {
  rows <- read_mailsim(file.path(folder, "run"), table)
  stopifnot(nrow(rows) > 0)
}
mail <- read_mailsim(file.path(folder, "run"), "messages")
stopifnot(is.character(mail$retrieved_by), is.numeric(mail$retrieved_s), all(is.na(mail$retrieved_s)))
done <- mail[mail$kind == "mail" & mail$final == "delivered", ]
told <- grep("\"mean\"", readLines(file.path(folder, "run", "summary.json")), value = TRUE)
mean <- mean(done$final_s - done$submitted_s)
numbers <- as.numeric(gsub("[^0-9.]", "", told))
stopifnot(any(abs(numbers - mean) < 1e-5))
cat("R reads what mailsim writes\n")
