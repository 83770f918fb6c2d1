"""All wrong changes that a test must notice, by what they change."""

import changes_commands
import changes_data
import changes_data_prep_commands
import changes_data_prep_datasets
import changes_data_prep_records
import changes_data_prep_simulator
import changes_experiments
import changes_inference
import changes_models
import changes_other
import changes_report
import changes_training

PARTS = (
    changes_commands,
    changes_data,
    changes_data_prep_commands,
    changes_data_prep_datasets,
    changes_data_prep_records,
    changes_data_prep_simulator,
    changes_experiments,
    changes_inference,
    changes_models,
    changes_other,
    changes_report,
    changes_training,
)
MUTANTS = [mutant for part in PARTS for mutant in part.CHANGES]
