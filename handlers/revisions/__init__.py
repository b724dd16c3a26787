"""What is changed of an application on its way: fields a node may edit, and its return to the applicant."""
